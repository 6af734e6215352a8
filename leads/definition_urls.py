"""Addresses below /definitions/."""

from django.urls import path

from leads.views import backtest, document, editor, prediction, publishing, versions

app_name = "definitions"
urlpatterns = [
    path("", editor.home, name="home"),
    path("stages/<slug:stage>/", editor.stage_page, name="stage"),
    path("scoring/", editor.scoring_page, name="scoring"),
    path("scoring/rules/", editor.change_rules, name="rules"),
    path("scoring/rules/<int:index>/", editor.rule_row, name="rule"),
    path("scoring/matches/", editor.rule_matches, name="rule-matches"),
    path("scoring/bands/", editor.bands, name="bands"),
    path("fit/", editor.fit_page, name="fit"),
    path("parts/<slug:slug>/", editor.save_part, name="save-part"),
    path("parts/<slug:slug>/counts/", editor.counts, name="counts"),
    path("backtest/", backtest.backtest_page, name="backtest"),
    path("backtest/run/", backtest.run_backtest, name="run-backtest"),
    path("prediction/", prediction.prediction_page, name="prediction"),
    path("prediction/train/", prediction.train, name="train"),
    path("prediction/points/", prediction.take_points, name="take-points"),
    path("versions/", versions.history, name="history"),
    path("versions/upload/", versions.upload, name="upload"),
    path("versions/compare/", versions.choose, name="choose"),
    path("versions/<int:number>/", versions.version, name="version"),
    path("versions/<int:number>/restore/", versions.restore, name="restore"),
    path("versions/<int:number>.json", versions.download, name="download"),
    path("versions/<int:old>/<int:new>/", versions.compare, name="compare"),
    path("draft/start/", versions.start, name="start"),
    path("draft/discard/", versions.discard, name="discard"),
    path("publish/", publishing.publish, name="publish"),
    path("publish/affected/", publishing.affected, name="affected"),
    path("agreement/<int:number>/", document.read_document, name="document"),
    path("agreement/<int:number>.pdf", document.document_pdf, name="document-pdf"),
    path("agreement/<int:number>/sign/<slug:side>/", document.sign_document, name="sign"),
]
