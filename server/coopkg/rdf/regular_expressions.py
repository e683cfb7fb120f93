r"""Regular expressions of XSD and XPath (F&O 3.1, section 5.6.1), translated to the syntax of the engine.

The engine's matcher (the Rust crate regex) is linear in the text, but reads another dialect: it has no ``\i`` and
``\c``, no subtraction of classes, other meanings of ``\w`` and ``.``, and takes ``{,4}`` for a text. A pattern with
back-references, which no linear matcher has, is matched here, by backtracking within a bound of steps.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from coopkg.errors import QueryTooComplex

_STEPS: Final = 500_000
"""Steps of one match with back-references."""
_INSTRUCTIONS: Final = 20_000
_MOST: Final = 1000
"""The largest number in a quantifier."""
_DEEPEST: Final = 100
_CATEGORIES: Final = frozenset({
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi",
    "Pf", "Po", "Z", "Zs", "Zl", "Zp", "S", "Sm", "Sc", "Sk", "So", "C", "Cc", "Cf", "Co", "Cn",
})  # fmt: skip
_BLOCKS: Final = {
    "BasicLatin": (0x0, 0x7F), "Latin-1Supplement": (0x80, 0xFF), "LatinExtended-A": (0x100, 0x17F),
    "LatinExtended-B": (0x180, 0x24F), "IPAExtensions": (0x250, 0x2AF), "SpacingModifierLetters": (0x2B0, 0x2FF),
    "CombiningDiacriticalMarks": (0x300, 0x36F), "Greek": (0x370, 0x3FF), "GreekandCoptic": (0x370, 0x3FF),
    "Cyrillic": (0x400, 0x4FF), "CyrillicSupplement": (0x500, 0x52F), "Armenian": (0x530, 0x58F),
    "Hebrew": (0x590, 0x5FF), "Arabic": (0x600, 0x6FF), "Devanagari": (0x900, 0x97F), "Thai": (0xE00, 0xE7F),
    "Georgian": (0x10A0, 0x10FF), "HangulJamo": (0x1100, 0x11FF), "LatinExtendedAdditional": (0x1E00, 0x1EFF),
    "GreekExtended": (0x1F00, 0x1FFF), "GeneralPunctuation": (0x2000, 0x206F),
    "SuperscriptsandSubscripts": (0x2070, 0x209F), "CurrencySymbols": (0x20A0, 0x20CF),
    "LetterlikeSymbols": (0x2100, 0x214F), "NumberForms": (0x2150, 0x218F), "Arrows": (0x2190, 0x21FF),
    "MathematicalOperators": (0x2200, 0x22FF), "BoxDrawing": (0x2500, 0x257F), "GeometricShapes": (0x25A0, 0x25FF),
    "Hiragana": (0x3040, 0x309F), "Katakana": (0x30A0, 0x30FF), "Bopomofo": (0x3100, 0x312F),
    "CJKUnifiedIdeographs": (0x4E00, 0x9FFF), "HangulSyllables": (0xAC00, 0xD7AF), "PrivateUse": (0xE000, 0xF8FF),
    "PrivateUseArea": (0xE000, 0xF8FF),
}  # fmt: skip
"""The blocks of ``\\p{Is...}`` that are known; others are refused."""
_NAME_START: Final = (
    (":", ":"), ("A", "Z"), ("_", "_"), ("a", "z"), ("\xc0", "\xd6"), ("\xd8", "\xf6"), ("\xf8", "\u02ff"),
    ("\u0370", "\u037d"), ("\u037f", "\u1fff"), ("\u200c", "\u200d"), ("\u2070", "\u218f"), ("\u2c00", "\u2fef"),
    ("\u3001", "\ud7ff"), ("\uf900", "\ufdcf"), ("\ufdf0", "\ufffd"), ("\U00010000", "\U000effff"),
)  # fmt: skip
_NAME: Final = (
    *_NAME_START, ("-", "-"), (".", "."), ("0", "9"), ("\xb7", "\xb7"), ("\u0300", "\u036f"), ("\u203f", "\u2040"),
)  # fmt: skip
_SINGLE: Final = {"n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True)
class _Set:
    """A set of characters: ranges, categories and sets in it, all of it perhaps negated, without another set."""

    ranges: tuple[tuple[str, str], ...] = ()
    categories: tuple[str, ...] = ()
    sets: tuple[_Set, ...] = ()
    negated: bool = False
    without: _Set | None = None

    def has(self, char: str) -> bool:
        """Whether a character is in the set."""
        found = (
            any(low <= char <= high for low, high in self.ranges)
            or unicodedata.category(char).startswith(self.categories or ("-",))
            or any(inner.has(char) for inner in self.sets)
        )
        return found is not self.negated and not (self.without and self.without.has(char))

    def written(self) -> str:
        """Return the set as the engine writes it."""
        parts = [f"{_hex(low)}-{_hex(high)}" for low, high in self.ranges]
        parts += [f"\\p{{{name}}}" for name in self.categories] + [inner.written() for inner in self.sets]
        text = f"[{'^' * self.negated}{''.join(parts)}]"
        return f"[{text}--{self.without.written()}]" if self.without else text


def _hex(char: str) -> str:
    return f"\\x{{{ord(char):X}}}"


_SPACE: Final = _Set(((" ", " "), ("\t", "\n"), ("\r", "\r")))
_ESCAPES: Final = {
    "s": _SPACE, "i": _Set(_NAME_START), "c": _Set(_NAME), "d": _Set(categories=("Nd",)),
    "w": _Set(categories=("P", "Z", "C"), negated=True),
}  # fmt: skip
_ANY: Final = _Set(negated=True, ranges=(("\n", "\n"), ("\r", "\r")))
_EVERY: Final = _Set((("\0", "\ud7ff"), ("\ue000", "\U0010ffff")))


def _complement(chars: _Set) -> _Set:
    return _Set(sets=(chars,), negated=True)


@dataclass(frozen=True)
class _Node:
    """A part of an expression: its kind, parts in it, and what else its kind needs."""

    kind: str
    parts: tuple[_Node, ...] = ()
    chars: _Set | None = None
    number: int = 0
    bounds: tuple[int, int | None] = (1, 1)
    lazy: bool = False


@dataclass(frozen=True)
class Pattern:
    """A regular expression: ``written`` for the engine with its ``flags``, or None where it has back-references."""

    written: str | None
    flags: str
    root: _Node

    def search(self, text: str) -> bool:
        """Whether the expression matches somewhere in a text, by backtracking. Raises QueryTooComplex."""
        return _Matcher(_program(self.root), "i" in self.flags, "m" in self.flags).search(text)


@lru_cache(maxsize=256)
def read_pattern(pattern: str, flags: str = "") -> Pattern:
    """Read a regular expression. Raises ValueError where it is none, or its flags are none."""
    if not set(flags) <= set("smixq"):
        raise ValueError(f"the flags {flags!r} are not of s, m, i, x and q")
    parser = _Parser(pattern, flags)
    root = parser.literal() if "q" in flags else parser.expression()
    kept = "".join(flag for flag in "im" if flag in flags)
    return Pattern(None if parser.refers else _written(root), kept, root)


class _Parser:
    """Reads the grammar of XPath: that of XSD with anchors, reluctant quantifiers, and back-references."""

    def __init__(self, pattern: str, flags: str) -> None:
        self.text = pattern
        self.at = 0
        self.flags = flags
        self.groups = 0
        self.closed: set[int] = set()
        self.depth = 0
        self.refers = False

    def literal(self) -> _Node:
        """Read the whole text as characters that stand for themselves."""
        return _Node("sequence", tuple(_char(c) for c in self.text))

    def expression(self) -> _Node:
        """Read the whole text as an expression."""
        found = self.alternatives()
        if self.at < len(self.text):
            raise self.error("an unmatched )")
        return found

    def error(self, what: str) -> ValueError:
        return ValueError(f"it has {what} at character {self.at + 1}")

    def peek(self) -> str:
        if "x" in self.flags:
            while self.text[self.at : self.at + 1] in {" ", "\t", "\n", "\r"}:
                self.at += 1
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        char = self.text[self.at : self.at + 1]
        self.at += 1
        return char

    def alternatives(self) -> _Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.error("groups nested too deep")
        branches = [self.sequence()]
        while self.peek() == "|":
            self.take()
            branches.append(self.sequence())
        self.depth -= 1
        return branches[0] if len(branches) == 1 else _Node("either", tuple(branches))

    def sequence(self) -> _Node:
        parts = []
        while self.peek() not in {"", "|", ")"}:
            parts.append(self.quantified(self.atom()))
        return _Node("sequence", tuple(parts))

    def quantified(self, atom: _Node) -> _Node:
        mark = self.peek()
        bounds: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
        if mark not in {*bounds, "{"} or not mark:
            return atom
        self.take()
        least, most = self.numbers() if mark == "{" else bounds[mark]
        lazy = self.peek() == "?"
        if lazy:
            self.take()
        return _Node("repeat", (atom,), bounds=(least, most), lazy=lazy)

    def numbers(self) -> tuple[int, int | None]:
        end = self.text.find("}", self.at)
        first, comma, second = self.text[self.at : max(end, self.at)].partition(",")
        if not _is_number(first) or (second and not _is_number(second)):
            raise self.error("a quantity that is not {n}, {n,} or {n,m}")
        self.at = end + 1
        least, most = int(first), int(second) if second else None if comma else int(first)
        if least > _MOST or (most is not None and (most > _MOST or most < least)):
            raise self.error("a quantity that is too large, or ends before it begins")
        return least, most

    def atom(self) -> _Node:
        char = self.take()
        match char:
            case "(":
                return self.group()
            case "[":
                return _Node("chars", chars=self.char_class())
            case ".":
                return _Node("chars", chars=_EVERY if "s" in self.flags else _ANY)
            case "^" | "$":
                return _Node("start" if char == "^" else "end")
            case "\\":
                return self.escape()
            case "?" | "*" | "+" | "{" | "}" | "]":
                self.at -= 1
                raise self.error(f"a {char} that stands for nothing")
        return _char(char)

    def group(self) -> _Node:
        if self.text.startswith("?:", self.at):
            self.at += 2
            inner, number = self.alternatives(), 0
        elif self.peek() == "?":
            raise self.error("a group that XPath does not have")
        else:
            self.groups += 1
            number = self.groups
            inner = self.alternatives()
        if self.take() != ")":
            raise self.error("a group that is not closed")
        self.closed.add(number)
        return _Node("group", (inner,), number=number)

    def escape(self) -> _Node:
        digits = ""
        while _is_number(self.text[self.at : self.at + 1]):
            # As many digits as there are groups for them (F&O, section 5.6.1).
            if digits and int(digits + self.text[self.at]) > self.groups:
                break
            digits += self.take()
        if digits:
            if int(digits) not in self.closed or digits.startswith("0"):
                raise self.error("a reference to a group that is not before it")
            self.refers = True
            return _Node("reference", number=int(digits))
        chars = self.escaped()
        return _char(chars) if isinstance(chars, str) else _Node("chars", chars=chars)

    def escaped(self) -> str | _Set:
        """Read what follows a backslash: a character, or a set."""
        char = self.take()
        if char in _SINGLE:
            return _SINGLE[char]
        if char.lower() in _ESCAPES:
            chars = _ESCAPES[char.lower()]
            return _complement(chars) if char.isupper() else chars
        if char in {"p", "P"}:
            return self.category(negated=char == "P")
        # XSD has an escape for each character of its syntax. Another sign with a backslash can mean nothing else.
        if char and char.isascii() and not char.isalnum() and not char.isspace():
            return char
        raise self.error(f"the escape \\{char}, which XSD does not have")

    def category(self, *, negated: bool) -> _Set:
        end = self.text.find("}", self.at)
        name = self.text[self.at + 1 : end] if self.text[self.at : self.at + 1] == "{" and end > 0 else ""
        block = _BLOCKS.get(name.removeprefix("Is")) if name.startswith("Is") else None
        if name not in _CATEGORIES and block is None:
            raise self.error(f"the category or block {name!r}, which is not known")
        self.at = end + 1
        chars = _Set(((chr(block[0]), chr(block[1])),)) if block else _Set(categories=(name,))
        return _complement(chars) if negated else chars

    def char_class(self) -> _Set:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.error("classes nested too deep")
        negated = self.text[self.at : self.at + 1] == "^"
        self.at += negated
        ranges: list[tuple[str, str]] = []
        sets: list[_Set] = []
        without: _Set | None = None
        first = True
        while self.text[self.at : self.at + 1] != "]" or first:
            if self.text.startswith("-[", self.at) and not first:
                self.at += 2
                without = self.char_class()
                if self.text[self.at : self.at + 1] != "]":
                    raise self.error("something behind a subtraction")
                break
            low = self.member()
            first = False
            if isinstance(low, _Set):
                sets.append(low)
            elif self.text[self.at : self.at + 1] == "-" and self.text[self.at + 1 : self.at + 2] not in {"]", "["}:
                self.take()
                high = self.member()
                if isinstance(high, _Set) or high < low:
                    raise self.error("a range that ends before it begins")
                ranges.append((low, high))
            else:
                ranges.append((low, low))
        self.take()
        self.depth -= 1
        return _Set(tuple(ranges), (), tuple(sets), negated, without)

    def member(self) -> str | _Set:
        char = self.take()
        if char == "\\":
            return self.escaped()
        if char in {"", "[", "]"}:
            raise self.error("a class that is not closed, or has a bracket in it")
        return char


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _char(char: str) -> _Node:
    return _Node("chars", chars=_Set(((char, char),)))


def _written(node: _Node) -> str:  # noqa: PLR0911 - one a kind of node
    """Return an expression without back-references as the engine writes it."""
    inner = [_written(part) for part in node.parts]
    match node.kind:
        case "chars" if node.chars is not None:
            single = node.chars.ranges
            plain = len(single) == 1 and single[0][0] == single[0][1] and node.chars == _Set(single)
            return _hex(single[0][0]) if plain else node.chars.written()
        case "sequence":
            return "".join(inner)
        case "either":
            return f"(?:{'|'.join(inner)})"
        case "group":
            return f"(?:{inner[0]})"
        case "repeat":
            least, most = node.bounds
            return f"(?:{inner[0]}){{{least},{'' if most is None else most}}}{'?' * node.lazy}"
        case "start":
            return "^"
        case _:
            return "$"


_Instruction = tuple[str, int, int, _Set | None]


def _program(root: _Node) -> list[_Instruction]:  # noqa: C901 - one case a kind of node
    """Compile an expression to instructions. Raises QueryTooComplex where they would be too many."""
    program: list[_Instruction] = []
    loops = 0

    def add(name: str, first: int = 0, second: int = 0, chars: _Set | None = None) -> int:
        if len(program) >= _INSTRUCTIONS:
            raise QueryTooComplex(f"A pattern with back-references has more than {_INSTRUCTIONS} parts.")
        program.append((name, first, second, chars))
        return len(program) - 1

    def split(at: int, near: int, far: int, *, lazy: bool) -> None:
        program[at] = ("split", *((far, near) if lazy else (near, far)), None)

    def compile_node(node: _Node) -> None:  # noqa: C901, PLR0912 - one case a kind of node
        nonlocal loops
        match node.kind:
            case "chars":
                add("chars", chars=node.chars)
            case "sequence":
                for part in node.parts:
                    compile_node(part)
            case "either":
                ends = []
                for part in node.parts[:-1]:
                    fork = add("split")
                    compile_node(part)
                    ends.append(add("jump"))
                    split(fork, fork + 1, len(program), lazy=False)
                compile_node(node.parts[-1])
                for end in ends:
                    program[end] = ("jump", len(program), 0, None)
            case "group":
                add("save", 2 * node.number)
                compile_node(node.parts[0])
                add("save", 2 * node.number + 1)
            case "repeat":
                least, most = node.bounds
                for _ in range(least):
                    compile_node(node.parts[0])
                if most is None:
                    loops += 1
                    loop = -loops
                    fork = add("split")
                    add("mark", loop)
                    compile_node(node.parts[0])
                    add("moved", loop)
                    add("jump", fork)
                    split(fork, fork + 1, len(program), lazy=node.lazy)
                else:
                    forks = []
                    for _ in range(most - least):
                        forks.append(add("split"))
                        compile_node(node.parts[0])
                    for fork in forks:
                        split(fork, fork + 1, len(program), lazy=node.lazy)
            case _:
                add(node.kind, node.number)

    compile_node(root)
    add("match")
    return program


class _Matcher:
    """Runs instructions over a text, with a stack of its own and a bound of steps."""

    def __init__(self, program: list[_Instruction], fold: bool, lines: bool) -> None:  # noqa: FBT001 - two flags
        self.program = program
        self.fold = fold
        self.lines = lines
        self.steps = 0

    def search(self, text: str) -> bool:
        """Whether there is a match at any place."""
        return any(self._from(text, start) for start in range(len(text) + 1))

    def _from(self, text: str, start: int) -> bool:
        stack: list[tuple[int, int, dict[int, int]]] = [(0, start, {})]
        while stack:
            self.steps += 1
            if self.steps > _STEPS:
                raise QueryTooComplex(f"A pattern with back-references takes more than {_STEPS} steps on a text.")
            counter, at, saved = stack.pop()
            name, first, second, chars = self.program[counter]
            match name:
                case "match":
                    return True
                case "split":
                    stack += [(second, at, saved), (first, at, saved)]
                case "jump":
                    stack.append((first, at, saved))
                case "save" | "mark":
                    stack.append((counter + 1, at, {**saved, first: at}))
                case _:
                    length = self._length(name, first, chars, text, at, saved)
                    if length is not None:
                        stack.append((counter + 1, at + length, saved))
        return False

    def _length(  # noqa: PLR0913, PLR0917 - an instruction and the state
        self, name: str, number: int, chars: _Set | None, text: str, at: int, saved: dict[int, int]
    ) -> int | None:
        """Return how much of the text an instruction takes, None where it does not match."""
        match name:
            case "chars":
                return 1 if at < len(text) and chars is not None and self._in(chars, text[at]) else None
            case "start":
                return 0 if at == 0 or (self.lines and text[at - 1] == "\n") else None
            case "end":
                return 0 if at == len(text) or (self.lines and text[at] == "\n") else None
            case "moved":
                return 0 if saved[number] != at else None
            case _:
                # A group that has not matched is the empty string (F&O, section 5.6.1).
                start, end = saved.get(2 * number, 0), saved.get(2 * number + 1, 0)
                wanted, found = text[start:end], text[at : at + end - start]
                same = wanted == found or (self.fold and wanted.casefold() == found.casefold())
                return len(wanted) if same else None

    def _in(self, chars: _Set, char: str) -> bool:
        if not self.fold:
            return chars.has(char)
        return any(chars.has(c) for c in {char, *char.lower(), *char.upper()})
