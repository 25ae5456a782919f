"""A tree in several languages, and what an editor must be told of places in it."""

from __future__ import annotations

from typing import Final, NamedTuple

FILES: Final = {
    "shop/__init__.py": "",
    "shop/price.py": '''"""Prices."""


class Price:
    """What something costs.

    In cents.
    """

    def __init__(self, cents: int) -> None:
        self.cents = cents

    def doubled(self) -> "Price":
        return Price(self.cents * 2)


# The sum of all prices.
# Empty is nothing.
def total(prices: list[Price]) -> Price:
    return Price(sum(price.cents for price in prices))
''',
    "shop/cart.py": """from shop import price
from shop.price import Price, total as add_up


class Cart:
    def __init__(self) -> None:
        self.items: list[Price] = []

    def put(self, item: Price) -> None:
        self.items.append(item)

    def sum(self) -> Price:
        return add_up(self.items)


def fill(cart: Cart) -> Price:
    cart.put(price.Price(3))
    '𝄞𝄞', cart.put(Price(4).doubled())
    return cart.sum()
""",
    "web/list.js": """import { render as draw } from './draw.js';

export class List {
  add(item) {
    this.last = item;
    return draw(item);
  }
}

export function make() {
  const list = new List();
  list.add('𝄞'); list.add(make);
  return list;
}
""",
    "web/draw.js": "/**\n * Draws an item.\n */\nexport function render(item) {\n  return `<li>${item}</li>`;\n}\n",
    "web/store.ts": """import { Item, load } from './item';

export interface Store { get(name: string): Item; }

export function first(store: Store): Item {
  return store.get(load());
}
""",
    "web/item.ts": "export interface Item { name: string; }\nexport function load(): string { return 'x'; }\n",
    "go.mod": "module example.org/app\n",
    "main.go": """package main

import "example.org/app/queue"

func main() {
	q := queue.New(3)
	q.Push("x")
	queue.Drain(q)
}
""",
    "queue/queue.go": """package queue

// Queue keeps strings.
type Queue struct{ items []string }

func New(size int) *Queue { return &Queue{} }

func (q *Queue) Push(item string) { q.items = append(q.items, item) }

func Drain(q *Queue) {
	q.Push("end")
}
""",
    "c/ring.h": """struct ring { int size; };
int ring_push(struct ring *r, int value);
#define RING_MAX 16
""",
    "c/ring.c": """#include "ring.h"

/* Puts a value in. */
int ring_push(struct ring *r, int value)
{
	return r->size++ < RING_MAX ? value : 0;
}
""",
    "c/use.c": """#include "ring.h"

int fill(struct ring *r)
{
	return ring_push(r, 1) + ring_push(r, 2);
}
""",
    "rust/pool.rs": """/// A pool of workers.
pub struct Pool { size: usize }

impl Pool {
    pub fn grow_by(&mut self, more: usize) { self.size += more; }
}

pub fn start_pool() {
    let mut pool = Pool { size: 1 };
    pool.grow_by(2);
}
""",
    "java/Bank.java": """class Bank {
    /** Puts money in. */
    void deposit(int amount) { }
    void twice(int amount) { deposit(amount); deposit(amount); }
}
""",
    "ruby/greet.rb": "# Says hello.\ndef greet_all(names)\n  names.each { |n| puts n }\nend\n\ngreet_all(['a'])\n",
}


class Case(NamedTuple):
    """A name at the `nth` place in a line (from 1) of a file; where it is defined, and where else it is named."""

    path: str
    line: int
    name: str
    nth: int
    defined: tuple[str, int]
    named: frozenset[tuple[str, int]]


def _case(place: str, name: str, defined: str, named: str, nth: int = 1) -> Case:
    path, line = place.rsplit(":", 1)
    where, number = defined.rsplit(":", 1)
    places = frozenset((one.rsplit(":", 1)[0], int(one.rsplit(":", 1)[1])) for one in named.split())
    return Case(path, int(line), name, nth, (where, int(number)), places)


_PRICE: Final = " ".join(
    [
        *(f"shop/cart.py:{line}" for line in (2, 7, 9, 12, 16, 17, 18)),
        *(f"shop/price.py:{line}" for line in (13, 14, 19, 20)),
    ]
)
CASES: Final = (
    _case("shop/cart.py:9", "Price", "shop/price.py:4", _PRICE),
    _case("shop/cart.py:17", "Price", "shop/price.py:4", _PRICE),
    _case("shop/cart.py:2", "total", "shop/price.py:19", "shop/cart.py:2 shop/cart.py:13"),
    _case("shop/cart.py:13", "add_up", "shop/price.py:19", "shop/cart.py:2 shop/cart.py:13"),
    _case("shop/cart.py:18", "put", "shop/cart.py:9", "shop/cart.py:17 shop/cart.py:18"),
    _case("shop/cart.py:18", "doubled", "shop/price.py:13", "shop/cart.py:18"),
    _case("shop/cart.py:19", "sum", "shop/cart.py:12", "shop/cart.py:19"),
    _case("shop/price.py:19", "total", "shop/price.py:19", "shop/cart.py:2 shop/cart.py:13"),
    _case("web/list.js:6", "draw", "web/draw.js:4", "web/list.js:1 web/list.js:6"),
    _case("web/list.js:12", "add", "web/list.js:4", "web/list.js:12", nth=2),
    _case("web/list.js:11", "List", "web/list.js:3", "web/list.js:11"),
    _case("web/store.ts:5", "Item", "web/item.ts:1", "web/store.ts:1 web/store.ts:3 web/store.ts:5"),
    _case("web/store.ts:6", "load", "web/item.ts:2", "web/store.ts:1 web/store.ts:6"),
    _case("main.go:6", "New", "queue/queue.go:6", "main.go:6"),
    _case("main.go:7", "Push", "queue/queue.go:8", "main.go:7 queue/queue.go:11"),
    _case("main.go:8", "Drain", "queue/queue.go:10", "main.go:8"),
    _case("c/use.c:5", "ring_push", "c/ring.c:4", "c/use.c:5", nth=2),
    _case("c/ring.h:2", "ring_push", "c/ring.c:4", "c/use.c:5"),
    _case("rust/pool.rs:10", "grow_by", "rust/pool.rs:5", "rust/pool.rs:10"),
    _case("java/Bank.java:4", "deposit", "java/Bank.java:3", "java/Bank.java:4", nth=2),
    _case("ruby/greet.rb:6", "greet_all", "ruby/greet.rb:2", "ruby/greet.rb:6"),
)


def column_of(path: str, line: int, name: str, nth: int = 1) -> int:
    """Where a name stands in a line, in units of UTF-16."""
    text = FILES[path].split("\n")[line - 1]
    at = -1
    for _ in range(nth):
        at = text.index(name, at + 1)
    return len(text[:at].encode("utf-16-le")) // 2
