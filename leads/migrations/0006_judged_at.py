from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leads", "0005_versions")]

    operations = [
        migrations.AddField(
            model_name="lead",
            name="judged_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
