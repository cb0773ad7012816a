"""Answers as XML or JSON, from one tree: values become attributes, trees and lists become elements."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import orjson
from starlette.responses import Response

import segue

if TYPE_CHECKING:
    from segue.serve.subsonic.call import Call

VERSION = "1.16.1"  # of the protocol
_SPACE = "http://subsonic.org/restapi"
_CALLBACK = re.compile(r"[A-Za-z_$][\w.$]{0,80}")
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Tree = dict[str, Any]


def answer(call: Call, content: Tree) -> Response:
    return _encode(call, "ok", content)


def failure(call: Call, code: int, message: str) -> Response:
    return _encode(call, "failed", {"error": {"code": code, "message": message}})


def _encode(call: Call, status: str, content: Tree) -> Response:
    tree = {
        "status": status, "version": VERSION, "type": "segue", "serverVersion": segue.__version__,
        "openSubsonic": True, **content,
    }  # fmt: skip
    kind, callback = call.get("f") or "xml", call.get("callback") or ""
    if kind == "json" or (kind == "jsonp" and not _CALLBACK.fullmatch(callback)):
        return Response(orjson.dumps({"subsonic-response": tree}), media_type="application/json")
    if kind == "jsonp":
        text = orjson.dumps({"subsonic-response": tree})
        return Response(callback.encode() + b"(" + text + b");", media_type="text/javascript")
    root = _element("subsonic-response", tree)
    root.set("xmlns", _SPACE)
    return Response(ET.tostring(root, "utf-8", xml_declaration=True), media_type="application/xml")


def _element(name: str, tree: Tree) -> ET.Element:
    element = ET.Element(name)
    for key, value in tree.items():
        if value is None:
            continue
        if isinstance(value, dict):
            element.append(_element(key, value))
        elif isinstance(value, list | tuple):
            for one in value:
                child = _element(key, one) if isinstance(one, dict) else ET.Element(key)
                if not isinstance(one, dict):
                    child.text = _text(one)
                element.append(child)
        elif key == "value":
            element.text = _text(value)
        else:
            element.set(key, _text(value))
    return element


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NOT_IN_XML.sub("\ufffd", str(value))
