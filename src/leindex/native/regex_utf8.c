/* Unicode at the level of bytes: character classes as automata over UTF-8, and looks around a place.
 *
 * Forward, the byte sequences of a class come in order, so the automaton is built with shared beginnings and ends
 * at once (Daciuk et al., "Incremental construction of minimal acyclic finite-state automata", 2000). Backward they
 * do not; there the states that lead to the class's end are shared through a small table.
 */
#include "native.h"
#include "regex.h"
#include "regex_words.h"

#define SEEN_SIZE 1024 /* entries of the table of frozen states; a miss only costs a duplicate */
#define SEQUENCES_MAX 32

uint32_t utf8_compile(Nfa *nfa, const uint32_t *ranges, uint32_t count, uint32_t next, Status *status);
uint32_t nfa_add(Nfa *nfa, Inst inst, Status *status);
uint32_t nfa_add_edges(Nfa *nfa, const Edge *edges, uint32_t count, Status *status);

/* Up to four byte ranges, one after the other. */
typedef struct {
    uint8_t len, lo[4], hi[4];
} Sequence;

typedef struct {
    Nfa *nfa;
    Status *status;
    uint32_t next;
    struct {
        Edge edges[256];
        uint32_t count;
    } open[4]; /* the unfinished states of the sequence before, from the class's start */
    uint32_t seen[SEEN_SIZE]; /* frozen states by hash, NONE if free */
} Forward;

static int encode(uint32_t c, uint8_t *out)
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    int len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (int i = len - 1; i > 0; i--, c >>= 6)
        out[i] = (uint8_t)(0x80 | (c & 0x3F));
    out[0] = (uint8_t)(c | (0xF00u >> len));
    return len;
}

/* Cut a range of characters into sequences of byte ranges, in order, into `out`; returns how many. */
static int sequences(uint32_t lo, uint32_t hi, Sequence *out, int n)
{
    static const uint32_t limits[] = {0x7F, 0x7FF, 0xFFFF};
    if (lo <= 0xDFFF && hi >= 0xD800) { /* the surrogates have no encoding */
        if (lo < 0xD800)
            n = sequences(lo, 0xD7FF, out, n);
        return hi > 0xDFFF ? sequences(0xE000, hi, out, n) : n;
    }
    for (int i = 0; i < 3; i++)
        if (lo <= limits[i] && limits[i] < hi)
            return sequences(limits[i] + 1, hi, out, sequences(lo, limits[i], out, n));
    for (int i = 1; i < 4 && lo > 0x7F; i++) { /* the last i bytes must run over all continuations */
        uint32_t mask = (1u << (6 * i)) - 1;
        if ((lo & ~mask) == (hi & ~mask))
            break;
        if (lo & mask)
            return sequences((lo | mask) + 1, hi, out, sequences(lo, lo | mask, out, n));
        if ((hi & mask) != mask)
            return sequences(hi & ~mask, hi, out, sequences(lo, (hi & ~mask) - 1, out, n));
    }
    if (n < SEQUENCES_MAX) {
        out[n].len = (uint8_t)encode(lo, out[n].lo);
        encode(hi, out[n].hi);
    }
    return n + 1;
}

/* The state with these edges: one that exists already, or a new one. */
static uint32_t freeze(Forward *f, const Edge *edges, uint32_t count)
{
    uint32_t hash = count;
    for (uint32_t i = 0; i < count; i++)
        hash = (hash ^ (edges[i].lo | (uint32_t)edges[i].hi << 8) ^ edges[i].out * 2654435761u) * 16777619u;
    uint32_t *slot = &f->seen[(hash ^ hash >> 15) % SEEN_SIZE];
    if (*slot != NONE) {
        const Inst *inst = &f->nfa->insts[*slot];
        bool same;
        if (inst->op == OP_BYTES)
            same = count == 1 && inst->lo == edges->lo && inst->hi == edges->hi && inst->out == edges->out;
        else {
            const Edge *old = f->nfa->edges + inst->arg;
            same = inst->count == count;
            for (uint32_t i = 0; same && i < count; i++)
                same = old[i].lo == edges[i].lo && old[i].hi == edges[i].hi && old[i].out == edges[i].out;
        }
        if (same)
            return *slot;
    }
    return *slot = nfa_add_edges(f->nfa, edges, count, f->status);
}

/* Freeze the open states below `depth`; `len` are open. */
static void close_below(Forward *f, int depth, int len)
{
    for (int i = len - 1; i > depth && !*f->status; i--) {
        uint32_t state = freeze(f, f->open[i].edges, f->open[i].count);
        f->open[i].count = 0;
        f->open[i - 1].edges[f->open[i - 1].count - 1].out = state;
    }
}

static uint32_t compile_forward(Nfa *nfa, const uint32_t *ranges, uint32_t count, uint32_t next, Status *status)
{
    Forward *f = malloc(sizeof *f);
    if (!f) {
        *status = NO_MEMORY;
        return 0;
    }
    f->nfa = nfa;
    f->status = status;
    memset(f->seen, 0xFF, sizeof f->seen);
    for (int i = 0; i < 4; i++)
        f->open[i].count = 0;
    Sequence seqs[SEQUENCES_MAX], last = {0};
    for (uint32_t r = 0; r < count && !*status; r++) {
        int n = sequences(ranges[2 * r], ranges[2 * r + 1], seqs, 0);
        for (int s = 0; s < n && !*status; s++) {
            int shared = 0;
            while (shared < seqs[s].len - 1 && shared < last.len - 1 && seqs[s].lo[shared] == last.lo[shared] &&
                   seqs[s].hi[shared] == last.hi[shared])
                shared++;
            close_below(f, shared, last.len);
            for (int i = shared; i < seqs[s].len; i++)
                f->open[i].edges[f->open[i].count++] = (Edge){seqs[s].lo[i], seqs[s].hi[i], next};
            last = seqs[s];
        }
    }
    close_below(f, 0, last.len);
    uint32_t result = *status ? 0 : freeze(f, f->open[0].edges, f->open[0].count);
    free(f);
    return result;
}

/* The state that reads lo..hi and goes on at `out`; shared through `seen`. */
static uint32_t shared_range(Nfa *nfa, uint32_t *seen, uint8_t lo, uint8_t hi, uint32_t out, Status *status)
{
    uint32_t hash = (lo | (uint32_t)hi << 8) * 2654435761u ^ out * 2246822519u;
    uint32_t *slot = &seen[(hash ^ hash >> 15) % SEEN_SIZE];
    if (*slot != NONE) {
        const Inst *inst = &nfa->insts[*slot];
        if (inst->lo == lo && inst->hi == hi && inst->out == out)
            return *slot;
    }
    return *slot = nfa_add(nfa, (Inst){OP_BYTES, lo, hi, 0, out, 0}, status);
}

static uint32_t compile_backward(Nfa *nfa, const uint32_t *ranges, uint32_t count, uint32_t next, Status *status)
{
    uint32_t seen[SEEN_SIZE];
    memset(seen, 0xFF, sizeof seen);
    Edge ascii[128];
    uint32_t nascii = 0, nways = 0, cap = 256, *ways = calloc(cap, sizeof *ways);
    Sequence seqs[SEQUENCES_MAX];
    for (uint32_t r = 0; r < count && ways && !*status; r++) {
        int n = sequences(ranges[2 * r], ranges[2 * r + 1], seqs, 0);
        for (int s = 0; s < n && !*status; s++) {
            if (seqs[s].len == 1) {
                ascii[nascii++] = (Edge){seqs[s].lo[0], seqs[s].hi[0], next};
                continue;
            }
            uint32_t at = next;
            for (int i = 0; i < seqs[s].len && !*status; i++)
                at = shared_range(nfa, seen, seqs[s].lo[i], seqs[s].hi[i], at, status);
            if (nways + 1 >= cap) {
                uint32_t *more = realloc(ways, (cap *= 2) * sizeof *ways);
                if (!more)
                    free(ways);
                ways = more;
            }
            if (!ways)
                break;
            if (!nways || ways[nways - 1] != at)
                ways[nways++] = at;
        }
    }
    if (!ways) {
        *status = NO_MEMORY;
        return 0;
    }
    if (nascii && !*status)
        ways[nways++] = nfa_add_edges(nfa, ascii, nascii, status);
    uint32_t result = ways[0];
    for (uint32_t i = 1; i < nways && !*status; i++) /* the order does not matter: backward, every way is followed */
        result = nfa_add(nfa, (Inst){OP_SPLIT, 0, 0, 0, ways[i], result}, status);
    free(ways);
    return result;
}

/* The state that matches one character out of `count` pairs of first and last, and goes on at `next`. */
uint32_t utf8_compile(Nfa *nfa, const uint32_t *ranges, uint32_t count, uint32_t next, Status *status)
{
    return (nfa->reverse ? compile_backward : compile_forward)(nfa, ranges, count, next, status);
}

/* The length of the valid UTF-8 character at data[at], 0 if there is none; the character in *c. */
static int decode(const uint8_t *data, size_t at, size_t end, uint32_t *c)
{
    size_t left = end - at;
    uint8_t lead = left ? data[at] : 0x80;
    if (lead < 0x80) {
        *c = lead;
        return 1;
    }
    int len = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || left < (size_t)len)
        return 0;
    uint32_t code = lead & (0x7Fu >> len);
    for (int i = 1; i < len; i++) {
        if ((data[at + i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (data[at + i] & 0x3F);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[len] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    *c = code;
    return len;
}

static bool is_word_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= 'a' && c <= 'z');
}

static bool is_word(uint32_t c)
{
    if (c < 0x80)
        return is_word_byte((uint8_t)c);
    size_t low = 0, high = sizeof WORD_RANGES / sizeof *WORD_RANGES;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (WORD_RANGES[middle][1] < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sizeof WORD_RANGES / sizeof *WORD_RANGES && WORD_RANGES[low][0] <= c;
}

/* What stands on one side of a place. `valid` is what \B and the half looks ask before they may hold: the text's
 * end or a character that decodes. */
typedef struct {
    bool word, valid;
} Side;

static Side side_after(const Hay *hay, size_t at)
{
    uint32_t c = 0;
    if (at >= hay->len)
        return (Side){false, true};
    int len = decode(hay->data, at, hay->len, &c);
    return (Side){len && is_word(c), len > 0};
}

static Side side_before(const Hay *hay, size_t at)
{
    if (at == 0)
        return (Side){false, true};
    uint32_t c = 0;
    size_t start = at - 1, limit = at > 4 ? at - 4 : 0;
    while (start > limit && (hay->data[start] & 0xC0) == 0x80)
        start--;
    int len = decode(hay->data, start, at, &c);
    /* As Rust has it, a character counts as what ends here even with stray continuation bytes after it. */
    return (Side){len && is_word(c), len > 0};
}

static uint32_t word_looks(Side before, Side after)
{
    bool b = before.word, a = after.word, valid = before.valid && after.valid;
    return (b != a ? BIT(LOOK_WORD) : 0) | (valid && b == a ? BIT(LOOK_NOT_WORD) : 0) |
           (!b && a ? BIT(LOOK_WORD_START) : 0) | (b && !a ? BIT(LOOK_WORD_END) : 0) |
           (before.valid && !b ? BIT(LOOK_WORD_START_HALF) : 0) | (after.valid && !a ? BIT(LOOK_WORD_END_HALF) : 0);
}

uint32_t looks_at(const Hay *hay, size_t at, uint32_t wanted)
{
    bool first = at == 0, last = at >= hay->len;
    uint8_t before = first ? 0 : hay->data[at - 1], after = last ? 0 : hay->data[at];
    uint32_t hold = 0;
    if (first)
        hold |= BIT(LOOK_START_TEXT);
    if (last)
        hold |= BIT(LOOK_END_TEXT);
    if (first || before == '\n')
        hold |= BIT(LOOK_START_LINE) | BIT(LOOK_START_CRLF);
    else if (before == '\r' && (last || after != '\n'))
        hold |= BIT(LOOK_START_CRLF);
    if (last || after == '\n')
        hold |= BIT(LOOK_END_LINE);
    if (last || after == '\r' || (after == '\n' && (first || before != '\r')))
        hold |= BIT(LOOK_END_CRLF);
    if (wanted & LOOKS_ASCII_WORD) {
        Side left = {!first && is_word_byte(before), true}, right = {!last && is_word_byte(after), true};
        hold |= word_looks(left, right) << (LOOK_ASCII_WORD - LOOK_WORD);
    }
    if (wanted & LOOKS_UNICODE)
        hold |= word_looks(side_before(hay, at), side_after(hay, at));
    return hold & wanted;
}
