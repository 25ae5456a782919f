/* Unicode at the level of bytes: character classes as automata over UTF-8.
 *
 * Forward, the byte sequences of a class come in order, so the automaton is built with shared beginnings and ends
 * at once (Daciuk et al., "Incremental construction of minimal acyclic finite-state automata", 2000). Backward they
 * do not; there the states that lead to the class's end are shared through a small table.
 */
#include "native.h"
#include "regex/regex_nfa.h"

#define SEEN_SIZE 1024 /* entries of the table of frozen states; a miss only costs a duplicate */
#define SEQUENCES_MAX 32

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
