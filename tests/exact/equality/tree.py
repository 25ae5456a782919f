"""A small tree of odd files, made by script: three languages, encodings, line ends, NUL bytes, long lines."""

from __future__ import annotations

import os
import random
from pathlib import Path

C_SOURCE = """\
// SPDX-License-Identifier: GPL-2.0
/* Copyright (c) 2019 Example. TODO: tidy up
 * FIXME later; see https://example.org/docs?x=1
 */
#include <linux/kernel.h>
#include "retry.h"

#define RETRY_COUNT 0x1F40
#define POWER_SUSPEND_STATE (1 << 3)

struct retry_state {
\tint x;
\tunsigned long flags, retry_count;
\tchar name[16];
};

static DEFINE_MUTEX(lock);

static int do_retry(struct retry_state *state, int x)
{
\tif (unlikely(!state))
\t\treturn -1;
\tspin_lock_irqsave(&state->lock, state->flags);
\tmutex_lock(&lock);
\tfor (x = 0; x < RETRY_COUNT; x++) {
\t\tprintk("Error: %s\\n", state->name);
\t\tstate->retry_count += x == 2 ? 1 : 0;
\t}
\tspin_unlock_irqrestore(&state->lock, state->flags);
\tif (x && state->retry_count || RETRY_COUNT)
\t\treturn kmalloc(sizeof(*state), 0);
\telse
\t\treturn;
}
EXPORT_SYMBOL(do_retry);


MODULE_LICENSE("GPL");
"""

PYTHON_SOURCE = '''\
#!/usr/bin/env python3
"""Module docstring: license, TODO, 2021-03-04."""
import os
import sys
from re import error as ReError


class Retry(Exception):
    """Raised when foo-bar fails."""

    def __init__(self, name, key=None):
        self.name = name
        self.key = key
        if not name:
            raise NotImplementedError("error: no name")

    def get_value(self, x=1):
        # TODO: the other things
        for colour in ("color", "colour"):
            if x == 1 and colour:
                return self.name or f"{colour}::{x}"
        return None

    @property
    def getter(self): return self.key


def main(argv):
    try:
        return Retry(argv[1]).get_value()
    except (ReError, IndexError) as error:
        print("Warning:", error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
'''

JS_SOURCE = """\
'use strict';
const fs = require('fs');
import { foo, bar } from "./lib.js";

/* Copyright 2020 */
function retry(count, fn) {
  if (count === undefined || count == null) {
    return Promise.reject(new Error(`error: ${count}`));
  }
  const state = { x: 1, y: [0], name: "retry" };
  return fn().catch((err) => {
    console.log(err.message, state.x);
    return retry(count - 1, fn);
  });
}

Retry.prototype.get = function() { return this.name && fooBar(bar) };
module.exports = { retry, default: retry };
// TODO(end): ... ** nothing
"""

UNICODE_TEXT = """\
caf\u00e9 au lait, \u00e9t\u00e9 indien, \u00c9T\u00c9, stra\u00dfe
STRASSE Stra\u1e9ee
\u03a3\u03bf\u03c6\u03cc\u03c2 \u03c3\u03bf\u03c6\u03cc\u03c3 \u03b1\u03b2\u03b3\u03b4 \u0391\u0392\u0393
\u212aelvin kelvin Kelvin me\u017f\u017fage message K \u017f s
\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8 \u4e2d\u6587 \u3072\u3089\u304c\u306a
\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! 12\u00b5m \u20ac100 \u0661\u0662\u0663
\u0130stanbul i\u0307 I \u0131 \U0001f600 \u2764\ufe0f
family \U0001f468\u200d\U0001f469\u200d\U0001f467 e\u0301te\u0301
na\u00efve\u00a0nbsp line\u2028separator \ufffd end
"""

ENCODED_TEXT = "utf16 first\nreturn \u00e9 \u65e5\u672c needle \U0001f600\nb\u00e9m end\n" * 3


def write_small(root: Path) -> None:
    """Fill an empty folder with small files of every kind."""
    _write(root, "src/main.c", C_SOURCE)
    _write(root, "src/retry.h", C_SOURCE[:420])
    _write(root, "src/deep/er/state.c", C_SOURCE.replace("retry", "state"))
    _write(root, "src-old/main.c", C_SOURCE.upper())
    _write(root, "src.c", C_SOURCE.replace("\t", "        "))
    _write(root, "app/retry.py", PYTHON_SOURCE)
    _write(root, "app/empty.py", "")
    _write(root, "app/one_line.py", "import this  # TODO x = return")
    _write(root, "app/Retry Space.py", PYTHON_SOURCE.replace("name", "NAME"))
    _write(root, "lib/retry.js", JS_SOURCE)
    _write(root, "README.md", "# Title\n\n\nend\nThe end\n\n\n```\nfoo { x }\n```\nfoo-bar foo bar end")
    _write(root, "text/unicode.txt", UNICODE_TEXT)
    _write(root, "text/words.txt", _words(300))
    _write(root, "text/newlines.txt", "\n\n\n\nx\n\n\n\n\na\nb\n\nend\n\n")
    _write(
        root,
        "text/crlf.txt",
        C_SOURCE.replace("\n", "\r\n") + "the end\r\n\r\nend\rcr\r\nlone\nend\r\nlast end",
    )
    _write(root, "text/blank.txt", "   \n\t\n \n")
    _write(root, "text/[a].txt", "brackets [a] and {b} * c.c\n*.c\n")
    _write_encoded(root)
    _write(root, b"text/n\xffme.txt", "a name that is not UTF-8: return e\n")


def write_large(root: Path) -> None:
    """Fill an empty folder with files that are larger than ripgrep's buffer, or have longer lines."""
    text = ENCODED_TEXT * 400
    _write(root, "a_enc/big.txt", b"\xff\xfe" + (text + "needle last").encode("utf-16-le"))
    _write(root, "a_enc/nul.txt", b"\xff\xfe" + (text + "a\0b needle\n" + text).encode("utf-16-le"))
    _write_binary(root)
    _write(root, "lib/min.js", _minified())
    _write(root, "text/long.txt", _long_lines())
    _write(root, "text/words.txt", _words(1_000))


def _write(root: Path, name: str | bytes, content: str | bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(root) + b"/" + os.fsencode(name)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def _minified() -> str:
    padding = "0,12," * 10_000
    return "var long_line=1;" + "function(a,b){return a==b?null:undefined};" * 20 + f"[{padding}]\nreturn short;\n"


def _words(count: int) -> str:
    random_words = random.Random(7)
    words = "the error of name return x e foo bar getting Xing TODO a_b q get_irq 0xdeadbeef 12 if(x){ }; Error"
    lines = [" ".join(random_words.choices(words.split(), k=random_words.randrange(9))) for _ in range(count)]
    return "\n".join(lines) + "\n"


def _long_lines() -> str:
    long_line = "long_line return e " + "caf\u00e9 12;\t" * 7_000
    return f"short return\n{long_line}\n    indented return e\n{'q' * 70_000}\nTODO after\n{long_line[:9_000]}"


def _write_encoded(root: Path) -> None:
    text = ENCODED_TEXT
    _write(root, "a_enc/utf16le.txt", b"\xff\xfe" + text.encode("utf-16-le"))
    _write(root, "a_enc/utf16be.txt", b"\xfe\xff" + text.encode("utf-16-be") + b"\x00")
    _write(root, "a_enc/utf16bad.txt", b"\xff\xfe" + b"a\x00\x00\xd8b\x00\n\x00\x00\xdcreturn")
    _write(root, "a_enc/bom.txt", b"\xef\xbb\xbfbom first return e\nsecond bom\n")
    _write(root, "a_enc/bom_only.txt", b"\xef\xbb\xbf")
    _write(
        root,
        "a_enc/latin1.txt",
        "latin caf\u00e9 \u00ff return\n\u00e9\u00ff\nlatin\u00e9\n".encode("latin-1"),
    )
    broken = b"return \xc3\x28 \xe2\x82 \xf0\x9f\x98 e\n\xff\xfe\xfd\n\xed\xa0\x80 surrogate\n"
    _write(root, "a_enc/broken.txt", broken)


def _write_binary(root: Path) -> None:
    line = b"a line with a needle in it, return e TODO\n"
    plain = b"nothing here at all, import x\n"
    late = line * 40 + plain * 3_300 + line * 20 + plain * 1_700
    _write(root, "bin/late.dat", late[:150_000] + b"\0" + late[:50_000])
    _write(root, "bin/zz_late_long.dat", line + b"no nail " * 16_000 + b"\nneedle\n" + b"\0needle\n" + line)
    _write(root, "bin/late_no_match.dat", plain * 2_300 + b"\0" + line)
    _write(root, "bin/matched_line.dat", plain * 3_000 + b"needle \0 needle\n" + line * 3)
    _write(root, "bin/early.dat", line + b"\0" + line)
    _write(root, "bin/short_first.dat", b"e\nneedle\n" * 4 + b"\0" + line)
    _write(root, "bin/first.dat", b"\0needle\n")
    _write(root, "bin/edge.dat", (line * 2_000)[:65_536] + b"\0" + line)
    _write(root, "bin/edge_after.dat", (line * 2_000)[: 65_536 + 3] + b"\0" + line)
    _write(root, "bin/last.dat", line * 1_600 + b"\0")
