/* Building gram segments: extraction, sorting, and the encoding of posting lists. */
#ifdef __linux__
#define _GNU_SOURCE /* mremap */
#endif
#include "grams/segment.h"
#include <sys/mman.h>

enum { DIGITS = 2048, FEW = 64 }; /* of a radix sort; up to FEW pairs are sorted otherwise */
enum { SEEN_BITS_SMALL = 15, SEEN_BITS = 18 }; /* slots of Builder.seen: 128 KiB stay in the cache, 2 MiB do not */

/* ---- bytes and bits ------------------------------------------------------------------------------------------- */

static int buffer_reserve(Buffer *b, size_t more)
{
    if (b->used + more <= b->capacity)
        return 0;
    size_t capacity = b->capacity ? b->capacity * 2 : 4096;
    while (capacity < b->used + more)
        capacity *= 2;
    uint8_t *data = realloc(b->data, capacity);
    if (!data)
        return -1;
    b->data = data;
    b->capacity = capacity;
    return 0;
}

/* Large arrays come from mmap in whole huge pages: faulting in 4 KiB pages took as long as sorting. */
enum { HUGE_PAGE = 2 << 20 };

static size_t whole_pages(size_t bytes)
{
    return (bytes + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
}

static void *big_alloc(size_t bytes)
{
    void *p = mmap(NULL, whole_pages(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
#ifdef MADV_HUGEPAGE
    madvise(p, whole_pages(bytes), MADV_HUGEPAGE); /* only a hint */
#endif
    return p;
}

static void big_free(void *p, size_t bytes)
{
    if (p)
        munmap(p, whole_pages(bytes));
}

static void *big_realloc(void *old, size_t before, size_t bytes)
{
    if (!old)
        return big_alloc(bytes);
#ifdef __linux__
    void *p = mremap(old, whole_pages(before), whole_pages(bytes), MREMAP_MAYMOVE);
    return p == MAP_FAILED ? NULL : p;
#else
    void *p = big_alloc(bytes);
    if (p) {
        memcpy(p, old, before);
        big_free(old, before);
    }
    return p;
#endif
}

static inline void put_varint(Buffer *b, uint64_t value)
{
    while (value >= 128) {
        b->data[b->used++] = (uint8_t)(value | 128);
        value >>= 7;
    }
    b->data[b->used++] = (uint8_t)value;
}

static inline void write_u32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

/* ---- building --------------------------------------------------------------------------------------------------- */

int segment_reserve(Builder *b, size_t more)
{
    if (b->used + more <= b->capacity)
        return 0;
    size_t capacity = b->capacity ? b->capacity + b->capacity / 2 : 1 << 16;
    while (capacity < b->used + more)
        capacity += capacity / 2;
    if (b->with_payload) {
        uint8_t *payload = realloc(b->payload, capacity);
        if (!payload)
            return -1;
        b->payload = payload;
    }
    uint64_t *pairs = big_realloc(b->pairs, b->capacity * sizeof *pairs, capacity * sizeof *pairs);
    if (!pairs)
        return -1;
    b->pairs = pairs;
    b->capacity = capacity;
    return 0;
}

static uint8_t fold_table[256]; /* in lower case */

void segment_init(void)
{
    for (int i = 0; i < 256; i++)
        fold_table[i] = (uint8_t)(i >= 'A' && i <= 'Z' ? i + 32 : i);
}

/* Adds the grams of one text as the next document. Returns the number of pairs added, or -1 without memory.
 *
 * `seen` remembers the last key of each hash slot together with its document, so most repeats within a document are
 * dropped without a branch; those that slip through (two keys taking turns in a slot) are dropped by segment_encode(). */
long long segment_add_text(Builder *b, const uint8_t *text, size_t n)
{
    int bits = n < (1 << 16) ? SEEN_BITS_SMALL : SEEN_BITS;
    if (!b->seen) {
        b->seen = malloc(sizeof *b->seen << SEEN_BITS);
        if (!b->seen)
            return -1;
        memset(b->seen, 0xff, sizeof *b->seen << SEEN_BITS); /* no document has this number */
    }
    uint64_t *seen = b->seen, document = b->documents;
    size_t start = b->used, i = 0;
    if (segment_reserve(b, n + 1) < 0)
        return -1;
    uint64_t *out = b->pairs + b->used;
#define ADD_GRAM(byte)                                                                                                 \
    do {                                                                                                               \
        uint32_t shown = (byte), folded = fold_table[shown];                                                           \
        gram = gram << 8 | folded;                                                                                     \
        capitals = capitals << 8 | (shown ^ folded); /* 32 where the byte is a capital, else 0 */                      \
        uint64_t key = (uint64_t)gram << 1 | (capitals != 0), pair = key << DOCUMENT_BITS | document;                  \
        uint64_t *slot = seen + ((uint32_t)key * 0x9e3779b1u >> (32 - bits));                                          \
        *out = pair;                                                                                                   \
        out += *slot != pair;                                                                                          \
        *slot = pair;                                                                                                  \
    } while (0)
    while (i < n) {
        const uint8_t *newline = memchr(text + i, '\n', n - i);
        size_t end = newline ? (size_t)(newline - text) : n;
        uint32_t gram = 0, capitals = 0;
        for (size_t j = i; j < i + 3; j++) { /* prime with three bytes, then slide; past the line's end come newlines */
            uint32_t shown = j < end ? text[j] : '\n', folded = fold_table[shown];
            gram = gram << 8 | folded;
            capitals = capitals << 8 | (shown ^ folded);
        }
        for (size_t j = i + 3; j < end; j++)
            ADD_GRAM(text[j]);
        for (size_t left = end - i < 3 ? end - i : 3; left; left--)
            ADD_GRAM('\n');
        i = end + 1;
    }
#undef ADD_GRAM
    b->used = (size_t)(out - b->pairs);
    b->documents++;
    return (long long)(b->used - start);
}

/* One stable counting pass over n pairs by 11 bits from `shift` up. */
static void counting_pass(const uint64_t *from, uint64_t *to, const uint8_t *pay_from, uint8_t *pay_to, size_t n,
                          int shift, size_t *counts)
{
    size_t sum = 0;
    for (size_t d = 0; d < DIGITS; d++) {
        size_t c = counts[d];
        counts[d] = sum;
        sum += c;
    }
    for (size_t i = 0; i < n; i++) {
        size_t place = counts[from[i] >> shift & (DIGITS - 1)]++;
        to[place] = from[i];
        if (pay_from)
            pay_to[place] = pay_from[i];
    }
}

/* Sorts a few pairs by key, keeping the order of documents: by insertion. */
static void sort_few(uint64_t *pairs, uint8_t *payload, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        uint64_t pair = pairs[i];
        uint8_t weight = payload ? payload[i] : 0;
        size_t j = i;
        for (; j && pairs[j - 1] >> DOCUMENT_BITS > pair >> DOCUMENT_BITS; j--) {
            pairs[j] = pairs[j - 1];
            if (payload)
                payload[j] = payload[j - 1];
        }
        pairs[j] = pair;
        if (payload)
            payload[j] = weight;
    }
}

/* Sorts by key, keeping the order of documents. The first pass splits by the top 11 bits into parts that mostly fit
 * the cache; two passes then sort each part by the other 22. */
int segment_sort(Builder *b)
{
    size_t n = b->used;
    uint64_t *pairs = b->pairs, *parts = big_alloc((n ? n : 1) * sizeof *parts);
    uint8_t *payload = b->payload, *pay_parts = b->with_payload ? malloc(n ? n : 1) : NULL;
    size_t(*counts)[DIGITS] = calloc(4, sizeof *counts);
    if (!parts || !counts || (b->with_payload && !pay_parts)) {
        big_free(parts, (n ? n : 1) * sizeof *parts);
        free(pay_parts);
        free(counts);
        return -1;
    }
    for (size_t i = 0; i < n; i++)
        counts[0][pairs[i] >> 53]++;
    memcpy(counts[1], counts[0], sizeof *counts);
    counting_pass(pairs, parts, payload, pay_parts, n, 53, counts[0]);
    for (size_t d = 0, start = 0; d < DIGITS; start += counts[1][d++]) {
        size_t size = counts[1][d];
        if (size <= FEW) { /* clearing the counts would take longer than sorting */
            sort_few(parts + start, payload ? pay_parts + start : NULL, size);
            continue;
        }
        uint64_t *part = parts + start, *other = pairs + start;
        uint8_t *pay = payload ? pay_parts + start : NULL, *pay_other = payload ? payload + start : NULL;
        memset(counts[2], 0, 2 * sizeof *counts);
        for (size_t i = 0; i < size; i++) {
            counts[2][part[i] >> 31 & (DIGITS - 1)]++;
            counts[3][part[i] >> 42 & (DIGITS - 1)]++;
        }
        counting_pass(part, other, pay, pay_other, size, 31, counts[2]);
        counting_pass(other, part, pay_other, pay, size, 42, counts[3]);
    }
    big_free(b->pairs, b->capacity * sizeof *b->pairs);
    free(b->payload);
    free(counts);
    b->pairs = parts;
    b->payload = pay_parts;
    b->capacity = n ? n : 1;
    return 0;
}

/* Appends one posting list; the buffer has room. */
static int put_list(Buffer *out, const uint64_t *pairs, const uint8_t *payload, uint32_t count, uint32_t documents)
{
    size_t bitmap = (documents + 7) / 8, bits = 0;
    int k = segment_rice_parameter(count, documents);
    uint32_t previous = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t document = (uint32_t)(pairs[i] & DOCUMENT_MASK);
        bits += ((document - previous) >> k) + 1 + (size_t)k;
        previous = document + 1;
    }
    size_t length = (bits + 7) / 8;
    if (length > bitmap)
        length = bitmap;
    if (buffer_reserve(out, length + 24 + count) < 0)
        return -1;
    put_varint(out, (uint32_t)length);
    uint8_t *p = out->data + out->used;
    memset(p, 0, length);
    if (length == bitmap) {
        for (uint32_t i = 0; i < count; i++) {
            uint32_t document = (uint32_t)(pairs[i] & DOCUMENT_MASK);
            p[document >> 3] |= (uint8_t)(1 << (document & 7));
        }
    } else {
        uint64_t word = 0; /* bits wait here, lowest first, and leave 32 at a time */
        int held = 0;
        uint8_t *limit = p + length, *q = p;
        previous = 0;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t document = (uint32_t)(pairs[i] & DOCUMENT_MASK), gap = document - previous, zeros = gap >> k;
            previous = document + 1;
            while (zeros >= 24) { /* unary part: zeros, then a one */
                held += 24;
                zeros -= 24;
                while (held >= 8) {
                    *q++ = (uint8_t)word;
                    word >>= 8;
                    held -= 8;
                }
            }
            word |= (uint64_t)1 << (held + (int)zeros);
            held += (int)zeros + 1;
            word |= (uint64_t)(gap & ((1u << k) - 1)) << held;
            held += k;
            while (held >= 8) {
                *q++ = (uint8_t)word;
                word >>= 8;
                held -= 8;
            }
        }
        if (held && q < limit)
            *q = (uint8_t)word;
    }
    out->used += length;
    if (payload) {
        memcpy(out->data + out->used, payload, count);
        out->used += count;
    }
    return 0;
}

static void close_block(Blocks *out, uint32_t documents, uint32_t entries)
{
    size_t start = out->starts[out->blocks - 1];
    uint8_t *p = out->bytes.data + start;
    write_u32(p + 4, documents);
    write_u32(p + 8, entries);
    write_u32(p + 12, out->first[out->blocks - 1]);
    write_u32(p, segment_checksum(p + 4, out->bytes.used - start - 4));
}

static int open_block(Blocks *out, uint32_t first)
{
    if (out->blocks == out->capacity) {
        size_t capacity = out->capacity ? out->capacity * 2 : 64;
        size_t *starts = realloc(out->starts, capacity * sizeof *starts);
        if (starts)
            out->starts = starts;
        uint32_t *firsts = realloc(out->first, capacity * sizeof *firsts);
        if (firsts)
            out->first = firsts;
        if (!starts || !firsts)
            return -1;
        out->capacity = capacity;
    }
    if (buffer_reserve(&out->bytes, 64) < 0)
        return -1;
    out->starts[out->blocks] = out->bytes.used;
    out->first[out->blocks++] = first;
    out->bytes.used += 16;
    return 0;
}

/* Encodes the sorted pairs. Returns -1 without memory, -3 for a document that is not among those it spans: bitmaps have
 * a bit for each of these only. */
int segment_encode(Builder *b, size_t block_bytes, Blocks *out)
{
    uint32_t entries = 0, open_gram = 0;
    uint64_t previous = 0;
    int open = 0, with_capitals = !b->with_payload;
    for (size_t i = 0, next; i < b->used; i = next) {
        uint64_t key = b->pairs[i] >> DOCUMENT_BITS;
        uint32_t gram = (uint32_t)(key >> with_capitals);
        uint64_t furthest = b->pairs[i];
        size_t kept = i; /* repeats of one document under one key keep their first */
        for (next = i + 1; next < b->used && b->pairs[next] >> DOCUMENT_BITS == key; next++) {
            if (b->pairs[next] == b->pairs[kept])
                continue;
            kept++;
            b->pairs[kept] = b->pairs[next];
            if (b->payload)
                b->payload[kept] = b->payload[next];
            furthest = b->pairs[next] > furthest ? b->pairs[next] : furthest;
        }
        if ((furthest & DOCUMENT_MASK) >= b->documents)
            return -3;
        uint32_t count = (uint32_t)(kept + 1 - i);
        int full = open && out->bytes.used - out->starts[out->blocks - 1] >= block_bytes;
        if (full && gram != open_gram) { /* both entries of a gram stand in one block */
            close_block(out, b->documents, entries);
            open = 0;
        }
        if (!open) {
            if (open_block(out, gram) < 0)
                return -1;
            open = 1;
            entries = 0;
            previous = (uint64_t)gram << with_capitals;
        }
        if (buffer_reserve(&out->bytes, 32) < 0)
            return -1;
        if (with_capitals) {
            put_varint(&out->bytes, (key - previous) << 1 | (count == 1));
            if (count > 1)
                put_varint(&out->bytes, count);
        } else {
            put_varint(&out->bytes, key - previous);
            put_varint(&out->bytes, count);
        }
        previous = key;
        open_gram = gram;
        if (count == 1) {
            put_varint(&out->bytes, b->pairs[i] & DOCUMENT_MASK);
            if (b->payload)
                out->bytes.data[out->bytes.used++] = b->payload[i];
        } else if (put_list(&out->bytes, b->pairs + i, b->payload ? b->payload + i : NULL, count, b->documents) < 0)
            return -1;
        entries++;
    }
    if (open)
        close_block(out, b->documents, entries);
    return 0;
}

/* Adds every posting of a block, with documents renumbered. */
int segment_add_block(Builder *b, Cursor *c, const int32_t *numbers, size_t known)
{
    uint32_t *list = NULL;
    size_t room = 0;
    int state;
    while ((state = cursor_next(c)) > 0) {
        if (c->count > room) {
            free(list);
            room = (size_t)c->count * 2;
            list = malloc(room * sizeof *list);
            if (!list)
                return -2;
        }
        if (cursor_documents(c, list) < 0) {
            state = -1;
            break;
        }
        if (segment_reserve(b, c->count) < 0) {
            state = -2;
            break;
        }
        for (uint32_t i = 0; i < c->count; i++) {
            if (list[i] >= known || numbers[list[i]] < 0)
                continue;
            if (b->with_payload)
                b->payload[b->used] = c->payload[i];
            b->pairs[b->used++] = c->key << DOCUMENT_BITS | (uint32_t)numbers[list[i]];
        }
    }
    free(list);
    return state;
}

void segment_reset(Builder *b)
{
    big_free(b->pairs, b->capacity * sizeof *b->pairs);
    free(b->payload);
    free(b->seen);
    b->pairs = NULL;
    b->payload = NULL;
    b->seen = NULL;
    b->used = b->capacity = 0;
    b->documents = 0;
}
