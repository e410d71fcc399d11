"""Reading Stripe's request bodies: form fields with brackets into nested dicts and lists."""

import re
from typing import Any
from urllib.parse import parse_qsl

from connectors.sandbox.stripe_billing.errors import StripeError

_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART = re.compile(r"\[([^\[\]]*)\]")


def parse(text: str) -> dict[str, Any]:
    """Nested values of a form body or query string; `a[b]` is a dict, `a[0]` and `a[]` are list elements.

    Raises StripeError for a name with unbalanced brackets or a name used both as a value and as a container.
    """
    root: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        match = _NAME.match(name)
        if match is None:
            raise StripeError(f"Invalid request: the parameter name {name!r} has unbalanced brackets.", param=name)
        parts = [match.group(1), *_PART.findall(match.group(2))]
        _set(root, parts, value, name=name)
    return {name: _settled(value) for name, value in root.items()}


def _set(node: dict[str, Any], parts: list[str], value: str, *, name: str) -> None:
    for index, part in enumerate(parts[:-1]):
        if part == "":
            part = _open_element(node, parts[index + 1])
        child = node.setdefault(part, {})
        if not isinstance(child, dict):
            raise StripeError(f"Invalid {parts[0]}: it is sent both as a value and as an object.", param=name)
        node = child
    last = parts[-1]
    if last == "":
        last = str(len(node))
    node[last] = value


def _open_element(node: dict[str, Any], following: str) -> str:
    """`a[][b]` goes on with the last element until a name repeats."""
    last = str(len(node) - 1)
    if last in node and isinstance(node[last], dict) and following not in node[last]:
        return last
    return str(len(node))


def _settled(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_settled(value[key]) for key in sorted(value, key=int)]
    return {key: _settled(item) for key, item in value.items()}
