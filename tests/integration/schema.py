# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON schemas beside the parsers of files: what a schema cannot see is read here as strictly as cvmd reads it, by a reader of
its own: comments, keys given twice, what RFC 8259 leaves open. And files with something changed in them."""

import copy
import json
import re

from harness import Skip

try:
    import jsonschema
except ImportError:
    jsonschema = None

DEPTH_MAX = 32
NUMBER_MAX = 2 ** 53 - 1

# Whether each is read is the same for every kind of file that has a version and may have a $schema.
TEXTS = ["", " ", "{", "}", "[]", "null", "true", "1", '"a"', "{}", '{"version":1}', '{"version":1,}', '{"version":1}x',
         '{"version":1} // end', '{"version":1} /* end', '{"version":1} /* end */', '/**/{"version":/*1*/1}', '{"version":01}',
         '{"version":1.0}', '{"version":1e0}', '{"version":-1}', '{"version":-0}', '{"version":9007199254740991}',
         '{"version":9007199254740992}', '{"version":1,"version":1}', "{'version':1}", '{version:1}', '{"version":NaN}',
         '{"version":Infinity}', '{"version":True}', '{"version":+1}', '\ufeff{"version":1}', '{"version":1}\0',
         '{"version":1,"$schema":"\\u0000"}', '{"version":1,"$schema":"\\ud800"}', '{"version":1,"$schema":"\\ud83d\\ude00"}',
         '{"version":1,"$schema":"\\ude00"}', '{"version":1,"$schema":"\\q"}', '{"version":1,"$schema":"\\u12"}',
         '{"version":1,"$schema":"a\tb"}', '{"version":1,"$schema":"a\nb"}', '{"version":1,"$schema":"// no comment"}',
         '{"version":1,"$schema":"/* no comment"}', '{"version":1,"$schema":"\\"// no comment"}', '{"vers\\u0069on":1}',
         '{"version":1,"$schema":"\\/\\b\\f\\n\\r\\t\\\\"}', '\r\n{\r\n"version":1}\r\n', '\v{"version":1}', '\u00a0{"version":1}',
         "[" * 40 + "]" * 40, '{"version":1,"x":' + "[" * 31 + "]" * 31 + "}", '{"version" 1}', '{"version":1 "mode":"audit"}',
         '{"version":1;"mode":"audit"}', '{"version":1,"mode":"audit"', '{"version":1,"protect":["root",]}',
         '{"version":1,"protect":["root" "usr"]}', '{"version":1,"protect":[,]}', "# comment\n{\"version\":1}",
         '{"version":1} /* /* */ */', '{"version":1} / / end', '{"version":1}/', '{"version":1}//', '{"version":1}/**']


class Refused(Exception):
    """No text that the scanner takes."""


# Strings first, so that what looks like a comment in one is none.
TOKENS = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)


def without_comments(text):
    return TOKENS.sub(lambda token: token[0] if token[0][0] == '"' else " ", text)


def members(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise Refused("a key twice")
    return dict(pairs)


def integer(text):
    if abs(int(text)) > NUMBER_MAX:
        raise Refused("a large number")
    return int(text)


def never(text):
    raise Refused(text)


def check_strings(value):
    """Lone surrogates and NUL: JSON that is no text."""
    if isinstance(value, str):
        if "\0" in value:
            raise Refused("NUL")
        try:
            value.encode()
        except UnicodeEncodeError as e:
            raise Refused("half a pair") from e
    for child in [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []:
        check_strings(child)


def depth(value):
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if children is None else 1 + max(map(depth, children), default=0)


def read(data):
    """The value of a text, or Refused."""
    try:
        text = data.decode("utf-8")
        if text.startswith("\ufeff") or "\0" in text:
            raise Refused("no text")
        value = json.loads(without_comments(text), object_pairs_hook=members, parse_int=integer, parse_float=never,
                           parse_constant=never)
        check_strings(value)
        if depth(value) > DEPTH_MAX:
            raise Refused("deep")
    except (ValueError, RecursionError) as e:
        raise Refused(str(e)) from e
    return value


def pattern(validator, expression, instance, _):
    """As ECMA-262 has it, where $ is the end and not the newline before it."""
    if validator.is_type(instance, "string") and not re.search(expression.replace("$", r"\Z"), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {expression!r}")


def validator(path):
    if not jsonschema or not hasattr(jsonschema, "Draft202012Validator"):
        raise Skip("python3-jsonschema is not installed, or too old")
    with open(path, encoding="utf-8") as f:
        schema = json.load(f)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": pattern})(schema)


def places(value):
    """Every object and list in it, itself included."""
    if isinstance(value, (dict, list)):
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from places(child)


def mutate(dice, value, values, keys_to_add):
    """A few members or items removed, replaced or added."""
    changed = copy.deepcopy(value)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        place = dice.choice(list(places(changed)))
        one = copy.deepcopy(dice.choice(values))
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        what = dice.randrange(4)
        if what == 0 and keys:
            del place[dice.choice(keys)]
        elif what == 1 and keys:
            place[dice.choice(keys)] = one
        elif isinstance(place, dict):
            place[dice.choice(keys_to_add)] = one
        else:
            place.insert(dice.randrange(len(place) + 1), one)
    return changed


def words_of(schema):
    """Every word that it lists."""
    if isinstance(schema, dict):
        yield from schema.get("enum", [])
        yield schema.get("const")
    for child in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else []:
        yield from words_of(child)


def scramble(dice, data):
    data = bytearray(data)
    for _ in range(dice.choice((1, 1, 2))):
        at = dice.randrange(len(data))
        what = dice.randrange(4)
        if what == 0:
            del data[at:at + dice.choice((1, 1, 5, 50))]
        elif what == 1:
            data[at] = dice.choice(b'{}[]",:/*\\ \n\'x0-1tf\x00\xff')
        elif what == 2:
            data[at:at] = bytes([dice.choice(b'{}[]",:/*\\ \n\'x0-1')])
        else:
            data[at] ^= 1 << dice.randrange(8)
    return bytes(data)
