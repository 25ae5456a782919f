/* Finding the lines that are worth an automaton, for patterns without a literal to look for.
 *
 * A match begins with bytes of known sets: five digits, or a word character, a digit and so on. 64 places at a time,
 * each set becomes a word of bits, and the words, shifted by where in the match their set stands, are taken together;
 * what is left are the places where such a beginning ends. This is the bit-parallel "shift-and" of Baeza-Yates and
 * Gonnet turned by 90 degrees. The sets hold ASCII only, so that one table look-up a half byte tells them exactly;
 * every byte beyond ASCII counts as a place to look at. Where matches are long, the length of a line tells instead.
 */
#include "native.h"
#include "regex/regex.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define WORTHWHILE (1.0 / 200) /* share of places that may be left; lines are some 30 bytes long */

size_t line_start(const Hay *hay, size_t floor, size_t at)
{
    const uint8_t *data = hay->data;
#if defined(__x86_64__)
    const __m128i newline = _mm_set1_epi8('\n');
    for (; at - floor >= 16; at -= 16) {
        __m128i text = _mm_loadu_si128((const __m128i *)(data + at - 16));
        uint32_t hits = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, newline));
        if (hits)
            return at - 16 + (size_t)(32 - __builtin_clz(hits));
    }
#endif
    while (at > floor && data[at - 1] != '\n')
        at--;
    return at;
}

size_t long_line_find(const Hay *hay, size_t least, size_t start, size_t end)
{
    while (start <= end && end - start >= least) {
        size_t after = line_start(hay, start, start + least);
        if (after == start)
            return start;
        start = after;
    }
    return NOWHERE;
}

/* The states that consume a byte and are reached from `id` without one; looks are taken to hold. */
static void reach(const Nfa *nfa, uint32_t id, uint8_t *seen, uint32_t *stack, uint32_t *states, uint32_t *count)
{
    uint32_t depth = 0;
#define VISIT(next) \
    do { \
        uint32_t to = (next); \
        if (!seen[to]) { \
            seen[to] = 1; \
            stack[depth++] = to; \
        } \
    } while (0)
    VISIT(id);
    while (depth) {
        const Inst *inst = &nfa->insts[id = stack[--depth]];
        switch (inst->op) {
        case OP_SPLIT:
            VISIT(inst->out);
            VISIT(inst->arg);
            break;
        case OP_UNION:
            for (uint32_t i = 0; i < inst->count; i++)
                VISIT(nfa->targets[inst->arg + i]);
            break;
        case OP_LOOK:
        case OP_SAVE:
            VISIT(inst->out);
            break;
        default:
            states[(*count)++] = id;
        }
    }
#undef VISIT
}

/* Scratch of windows_build: two sets of states, marks and a stack, each as large as the automaton. */
typedef struct {
    uint32_t *now, *next, *stack;
    uint8_t *seen;
    uint32_t count;
} Steps;

/* The ASCII bytes that some state of `steps->now` takes; the states after them become the next ones. False where a
 * match may have ended already. */
static bool step(const Nfa *nfa, Steps *steps, bool *bytes)
{
    uint32_t count = 0;
    memset(steps->seen, 0, nfa->ninsts);
    memset(bytes, 0, 128);
    for (uint32_t i = 0; i < steps->count; i++) {
        const Inst *inst = &nfa->insts[steps->now[i]];
        if (inst->op == OP_MATCH)
            return false;
        Edge own = {inst->lo, inst->hi, inst->out};
        const Edge *edges = inst->op == OP_SPARSE ? nfa->edges + inst->arg : &own;
        uint32_t edge_count = inst->op == OP_SPARSE ? inst->count : inst->op == OP_BYTES;
        for (uint32_t k = 0; k < edge_count && edges[k].lo < 128; k++) {
            for (uint32_t byte = edges[k].lo; byte < 128 && byte <= edges[k].hi; byte++)
                bytes[byte] = true;
            reach(nfa, edges[k].out, steps->seen, steps->stack, steps->next, &count);
        }
    }
    uint32_t *swap = steps->now;
    steps->now = steps->next;
    steps->next = swap;
    steps->count = count;
    return true;
}

/* Notes the set of the next place of a window; its share of ASCII text. */
static double add_set(Windows *windows, const bool *bytes)
{
    uint8_t low[16] = {0};
    uint32_t share = 0, all = 0, same = 0;
    for (uint32_t byte = 0; byte < 128; byte++) {
        all += byte_share((uint8_t)byte);
        if (bytes[byte]) {
            low[byte & 15] |= (uint8_t)(1 << (byte >> 4));
            share += byte_share((uint8_t)byte);
        }
    }
    while (same < windows->nsets && memcmp(windows->low[same], low, 16))
        same++;
    if (same == windows->nsets)
        memcpy(windows->low[windows->nsets++], low, 16);
    windows->set_of[windows->length++] = (uint8_t)same;
    return (double)share / all;
}

int windows_build(Windows *windows, const Nfa *nfa)
{
    *windows = (Windows){0};
    if (!cpu_has_avx2)
        return 0;
    size_t n = nfa->ninsts;
    uint32_t *memory = malloc(n * (3 * sizeof(uint32_t) + 1));
    if (!memory)
        return NO_MEMORY;
    Steps steps = {memory, memory + n, memory + 2 * n, (uint8_t *)(memory + 3 * n), 0};
    memset(steps.seen, 0, n);
    reach(nfa, nfa->start, steps.seen, steps.stack, steps.now, &steps.count);
    double share = 1;
    bool bytes[128];
    while (windows->length < WINDOW_MAX && share > 0 && step(nfa, &steps, bytes))
        share *= add_set(windows, bytes);
    free(memory);
    return windows->length && share < WORTHWHILE;
}

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2")))

/* Places among 64 bytes, as bits: those beyond ASCII, and, by set, those in it. */
AVX2 static inline uint64_t members(const Windows *windows, const uint8_t *data, uint64_t *sets)
{
    const __m256i nibble = _mm256_set1_epi8(15), zero = _mm256_setzero_si256();
    const __m256i bits = _mm256_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32,
                                          64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
    __m256i first = _mm256_loadu_si256((const __m256i *)data);
    __m256i second = _mm256_loadu_si256((const __m256i *)(data + 32));
    __m256i column1 = _mm256_shuffle_epi8(bits, _mm256_and_si256(_mm256_srli_epi16(first, 4), nibble));
    __m256i column2 = _mm256_shuffle_epi8(bits, _mm256_and_si256(_mm256_srli_epi16(second, 4), nibble));
    for (uint32_t i = 0; i < windows->nsets; i++) {
        /* The shuffle takes the low half of a byte as the index, and gives 0 for a byte beyond ASCII. */
        __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)windows->low[i]));
        __m256i in1 = _mm256_and_si256(_mm256_shuffle_epi8(low, first), column1);
        __m256i in2 = _mm256_and_si256(_mm256_shuffle_epi8(low, second), column2);
        uint32_t not1 = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(in1, zero));
        uint32_t not2 = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(in2, zero));
        sets[i] = ~((uint64_t)not2 << 32 | not1);
    }
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(second) << 32 | (uint32_t)_mm256_movemask_epi8(first);
}

/* Where windows end among the places of `sets`, `before` being the sets of the 64 places before. */
static inline uint64_t window_ends(const Windows *windows, const uint64_t *sets, const uint64_t *before)
{
    uint32_t last = windows->length - 1;
    uint64_t ends = sets[windows->set_of[last]];
    for (uint32_t shift = 1; shift <= last; shift++) {
        uint32_t set = windows->set_of[last - shift];
        ends &= sets[set] << shift | before[set] >> (64 - shift);
    }
    return ends;
}

AVX2 size_t windows_find(const Windows *windows, const uint8_t *data, size_t start, size_t end)
{
    uint64_t sets[2][WINDOW_MAX] = {{0}};
    uint32_t turn = 0;
    for (size_t at = start; at < end; at += 64, turn ^= 1) {
        uint8_t rest[64];
        const uint8_t *text = data + at;
        if (end - at < 64) {
            memset(rest, '\n', 64); /* which no set holds */
            memcpy(rest, text, end - at);
            text = rest;
        }
        uint64_t found = members(windows, text, sets[turn]);
        found |= window_ends(windows, sets[turn], sets[turn ^ 1]);
        if (found)
            return at + (size_t)__builtin_ctzll(found);
    }
    return NOWHERE;
}
#else
size_t windows_find(const Windows *windows, const uint8_t *data, size_t start, size_t end)
{
    (void)windows, (void)data;
    return start < end ? start : NOWHERE;
}
#endif
