from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leads', '0002_fold'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='lead',
            index=models.Index(models.F('id'), condition=models.Q(('sla_judged', False)), name='lead_unjudged'),
        ),
        migrations.AddIndex(
            model_name='lead',
            index=models.Index(models.F('id'), condition=models.Q(('score', None)), name='lead_unscored'),
        ),
    ]
