"""The forms of the definition editor, as a browser would fill and post them."""

from html.parser import HTMLParser


class _Inputs(HTMLParser):
    """What a form would send: the inputs, selects and their values in a page."""

    def __init__(self, form):
        super().__init__()
        self.form, self.inside = form, form is None
        self.sent, self.select, self.options = {}, None, []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.inside = attrs.get("id") == self.form
        if not self.inside or "disabled" in attrs:
            return
        if tag == "input" and attrs.get("name") and (attrs.get("type") != "checkbox" or "checked" in attrs):
            self.sent.setdefault(attrs["name"], []).append(attrs.get("value", "on"))
        elif tag == "select":
            self.select, self.options = attrs["name"], []
        elif tag == "option" and self.select:
            self.options.append((attrs.get("value", ""), "selected" in attrs))

    def handle_endtag(self, tag):
        if tag == "select" and self.select:
            chosen = [value for value, selected in self.options if selected] or [self.options[0][0]]
            self.sent[self.select] = [chosen[-1]]
            self.select = None
        if tag == "form" and self.form:
            self.inside = False


def sent_by(html, form=None):
    """Return what a form sends as it is drawn; without a name, what all of the page holds."""
    reader = _Inputs(form)
    reader.feed(html)
    return {name: values if len(values) > 1 else values[0] for name, values in reader.sent.items()}
