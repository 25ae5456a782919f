/* The lazy DFA: each state is an ordered set of NFA states, made when the search first needs it.
 *
 * A transition is decided one byte late: the state after a byte says whether a match ended before that byte, so
 * that looks ahead (`$`, `\b`) see the byte they need. A state that meets a look it cannot decide yet keeps what it
 * was made from instead, to be followed anew once the next byte is known; only that keeps the order of preference
 * where looks stand in loops. What is known of the byte before is part of the state as its `kind`. Unicode word boundaries next to a byte beyond ASCII are decided
 * from the haystack at every visit (SLOW) instead of being part of the table. The cache is bounded: when it is full
 * it is emptied, and the search goes on. The design follows RE2's and Rust's regex-automata.
 */
#include "native.h"
#include "regex/regex_dfa.h"

#define COMMON 1200 /* hundredths of a percent of all bytes that may leave a state worth skipping from */

/* The looks at a place between a state's last byte and the next byte (negative: none), and whether only the
 * haystack can tell. */
static uint32_t looks_ahead(const Dfa *d, const State *s, int byte, bool *slow)
{
    uint8_t kind = byte < 0 ? K_EDGE : d->kinds[byte];
    *slow = s->pending && (s->kind == K_HIGH || kind == K_HIGH);
    return d->nfa->reverse ? dfa_looks_between(kind, s->kind) : dfa_looks_between(s->kind, kind);
}

/* Fill in one entry of the table; returns it, SLOW where it cannot be kept, NONE without memory. */
static uint32_t transition(Dfa *d, uint32_t state, int byte)
{
    bool slow;
    uint32_t column = byte < 0 ? d->nfa->nclasses : d->nfa->classes[byte];
    uint32_t hold = looks_ahead(d, &d->states[state], byte, &slow);
    uint32_t clears = d->clears;
    uint32_t entry = slow ? SLOW : dfa_step(d, state, byte, hold);
    if (entry != NONE && clears == d->clears)
        d->table[((size_t)state << d->shift) + column] = entry;
    return entry;
}

/* A state that loops is looked at as a whole, once: if the bytes that leave it are rare, skipping to those beats
 * stepping. */
static void accelerate(Dfa *d, uint32_t state)
{
    if (d->states[state].fast_tried || d->states[state].match || d->nfast >= FAST_MAX || d->tries >= TRIES_MAX)
        return;
    d->states[state].fast_tried = true;
    d->tries++;
    uint32_t share = 0, self = state << d->shift;
    ByteSet *set = &d->fast[d->nfast];
    for (int byte = 0; byte < 256; byte++) {
        uint32_t entry = d->table[self + d->nfa->classes[byte]];
        if (entry == UNKNOWN && dfa_is_nearly_full(d))
            return; /* emptying the cache would forget the state that the search is in */
        if (entry == UNKNOWN)
            entry = transition(d, state, byte);
        if (entry == NONE)
            return;
        set->member[byte] = entry != self;
        share += entry != self ? byte_share((uint8_t)byte) : 0;
        if (share > COMMON)
            return;
    }
    byteset_build(set);
    if (!set->count)
        return;
    d->states[state].fast = (uint8_t)++d->nfast;
    for (uint32_t class = 0; class < d->nfa->nclasses; class++)
        if (d->table[self + class] == self)
            d->table[self + class] = dfa_entry(d, state);
}

/* The entry after a visit that the table cannot answer; NONE without memory. */
static uint32_t resolve(Dfa *d, const Hay *hay, uint32_t offset, size_t at, int byte, uint32_t entry)
{
    uint32_t state = offset >> d->shift;
    if (entry == UNKNOWN) {
        uint32_t clears = d->clears;
        entry = transition(d, state, byte);
        if (entry == offset && clears == d->clears) {
            accelerate(d, state);
            entry = dfa_entry(d, state);
        }
    }
    return entry == SLOW ? dfa_step(d, state, byte, looks_at(hay, at, UINT32_MAX)) : entry;
}

int dfa_forward(Dfa *d, const Hay *hay, size_t start, size_t end, bool anchored, bool earliest, size_t *found)
{
    const uint8_t *data = hay->data, *classes = d->nfa->classes;
    int result = 0;
    size_t at = start;
    uint32_t state = dfa_start(d, start ? data[start - 1] : -1, anchored), entry = state;
    if (entry == NONE)
        return NO_MEMORY;
    if (entry == DEAD)
        return 0;
    state = entry & OFFSET;
    for (;;) {
        const uint32_t *table = d->table;
        entry = 0;
        /* The next row is what the processor waits for: all else is worked out ahead of it, four bytes a turn. */
        while (end - at >= 4) {
            const uint32_t *first = table + classes[data[at]], *second = table + classes[data[at + 1]];
            const uint32_t *third = table + classes[data[at + 2]], *fourth = table + classes[data[at + 3]];
            if ((entry = first[state]) & MARK)
                break;
            state = entry;
            if ((entry = second[state]) & MARK) {
                at += 1;
                break;
            }
            state = entry;
            if ((entry = third[state]) & MARK) {
                at += 2;
                break;
            }
            state = entry;
            if ((entry = fourth[state]) & MARK) {
                at += 3;
                break;
            }
            state = entry;
            at += 4;
        }
        for (; !(entry & MARK) && at < end; at++) {
            if ((entry = table[state + classes[data[at]]]) & MARK)
                break;
            state = entry;
        }
        if (at >= end)
            break;
        if (entry == UNKNOWN || entry == SLOW) {
            entry = resolve(d, hay, state, at, data[at], entry);
            if (entry == NONE)
                return NO_MEMORY;
        }
        if (entry == DEAD)
            return result;
        state = entry & OFFSET;
        if ((entry & (MARK | IS_MATCH)) == (MARK | IS_MATCH)) {
            *found = at;
            result = 1;
            if (earliest)
                return 1;
        }
        at++;
        if ((entry & (MARK | IS_FAST)) == (MARK | IS_FAST)) {
            at = byteset_find(&d->fast[d->states[state >> d->shift].fast - 1], data, at, end);
        }
    }
    int byte = end < hay->len ? data[end] : -1;
    entry = d->table[state + (byte < 0 ? d->nfa->nclasses : classes[byte])];
    if (entry == UNKNOWN || entry == SLOW)
        entry = resolve(d, hay, state, end, byte, entry);
    if (entry == NONE)
        return NO_MEMORY;
    if (entry != DEAD && (entry & (MARK | IS_MATCH)) == (MARK | IS_MATCH)) {
        *found = end;
        result = 1;
    }
    return result;
}

int dfa_backward(Dfa *d, const Hay *hay, size_t start, size_t end, size_t *found)
{
    const uint8_t *data = hay->data;
    int result = 0;
    uint32_t entry = dfa_start(d, end < hay->len ? data[end] : -1, true);
    for (size_t at = end; entry != NONE && entry != DEAD; at--) {
        /* Here data[at] has been consumed, and the entry says whether a match starts right after it. */
        if ((entry & (MARK | IS_MATCH)) == (MARK | IS_MATCH)) {
            *found = at + 1;
            result = 1;
        }
        uint32_t state = entry & OFFSET;
        int byte = at ? data[at - 1] : -1;
        entry = d->table[state + (byte < 0 ? d->nfa->nclasses : d->nfa->classes[byte])];
        if (entry == UNKNOWN || entry == SLOW)
            entry = resolve(d, hay, state, at, byte, entry);
        if (at == start) {
            if (entry != NONE && entry != DEAD && (entry & (MARK | IS_MATCH)) == (MARK | IS_MATCH)) {
                *found = start;
                result = 1;
            }
            break;
        }
    }
    return entry == NONE ? NO_MEMORY : result;
}
