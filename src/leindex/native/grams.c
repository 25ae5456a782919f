/* Gram segments: from texts to sorted posting lists, and back to sets of documents.
 *
 * A *gram* is four bytes of folded text as a big-endian number, so that numbers sort like their bytes. Every position
 * of a line starts one gram; a gram that reaches the end of its line is filled up with newlines. Hence a literal of
 * one to three bytes is a range of grams, a longer one a conjunction, and none is ever missed.
 *
 * A *segment* is the sorted distinct grams of some documents, each with its posting list of local document numbers,
 * cut into blocks that are stored one by one:
 *
 *     u32 checksum of the rest | u32 documents in the segment | u32 entries | u32 first gram | entries
 *     entry: varint gram delta, varint count, then
 *            count 1:     varint document [payload byte]
 *            otherwise:   varint length, `length` bytes of list [count payload bytes]
 *
 * A list is either a bitmap (when that is not longer) or Rice-coded gaps, with the parameter that the count and the
 * number of documents determine (Rice 1979; the rule is Golomb's mean-gap estimate rounded down to a power of two).
 * Segments of words use the same layout with a hash in place of the gram and a payload byte for each posting.
 */
#ifdef __linux__
#define _GNU_SOURCE /* mremap */
#endif
#include "native.h"
#include <sys/mman.h>

enum { DIGITS = 2048 }; /* of a radix sort */
enum { SEEN_BITS_SMALL = 15, SEEN_BITS = 18 }; /* slots of Builder.seen: 128 KiB stay in the cache, 2 MiB do not */

typedef struct {
    uint64_t *pairs; /* gram << 32 | document */
    uint8_t *payload;
    size_t used, capacity;
    uint32_t documents;
    uint64_t *seen; /* see add_text() */
    int with_payload;
} Builder;

typedef struct {
    PyObject_HEAD
    Builder builder;
    PyObject *lock_owner; /* NULL: free; used to refuse two threads in one builder */
} BuilderObject;

/* ---- bytes and bits ------------------------------------------------------------------------------------------- */

typedef struct {
    uint8_t *data;
    size_t used, capacity;
} Buffer;

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

static inline void put_varint(Buffer *b, uint32_t value)
{
    while (value >= 128) {
        b->data[b->used++] = (uint8_t)(value | 128);
        value >>= 7;
    }
    b->data[b->used++] = (uint8_t)value;
}

/* Reads a varint; advances *p; sets *p to NULL when the bytes end early. */
static inline uint32_t get_varint(const uint8_t **p, const uint8_t *end)
{
    uint32_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
        if (*p >= end)
            break;
        uint8_t byte = *(*p)++;
        value |= (uint32_t)(byte & 127) << shift;
        if (byte < 128)
            return value;
    }
    *p = NULL;
    return 0;
}

static inline uint32_t read_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void write_u32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

/* A checksum against damage, not against malice: eight bytes a step, multiply and fold. */
static uint32_t checksum(const uint8_t *p, size_t n)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ n;
    while (n >= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        h = (h ^ word) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
        p += 8;
        n -= 8;
    }
    while (n--) {
        h = (h ^ *p++) * 0xc4ceb9fe1a85ec53u;
        h ^= h >> 29;
    }
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
    return (uint32_t)(h ^ h >> 32);
}

static int rice_parameter(uint32_t count, uint32_t documents)
{
    uint32_t mean = documents / count;
    int k = 0;
    while (mean >= 2) { /* floor(log2(mean gap)), less one for skewed gaps shows no gain */
        mean >>= 1;
        k++;
    }
    return k;
}

/* ---- building --------------------------------------------------------------------------------------------------- */

static int reserve_pairs(Builder *b, size_t more)
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

static uint8_t fold_table[256];

static void make_fold_table(void)
{
    for (int i = 0; i < 256; i++)
        fold_table[i] = (uint8_t)(i >= 'A' && i <= 'Z' ? i + 32 : i);
}

/* Adds the grams of one text as the next document. Returns the number of pairs added, or -1 without memory.
 *
 * `seen` remembers the last gram of each hash slot together with its document, so most repeats within a document are
 * dropped without a branch; those that slip through (two grams taking turns in a slot) are dropped by encode(). */
static long long add_text(Builder *b, const uint8_t *text, size_t n)
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
    if (reserve_pairs(b, n + 1) < 0)
        return -1;
    uint64_t *out = b->pairs + b->used;
#define ADD_GRAM(gram)                                                                                                 \
    do {                                                                                                               \
        uint64_t pair = (uint64_t)(gram) << 32 | document;                                                             \
        uint64_t *slot = seen + ((gram) * 0x9e3779b1u >> (32 - bits));                                                 \
        *out = pair;                                                                                                   \
        out += *slot != pair;                                                                                          \
        *slot = pair;                                                                                                  \
    } while (0)
    while (i < n) {
        const uint8_t *newline = memchr(text + i, '\n', n - i);
        size_t end = newline ? (size_t)(newline - text) : n;
        uint32_t gram = 0;
        for (size_t j = i; j < i + 3; j++) /* prime with three bytes, then slide; past the line's end come newlines */
            gram = gram << 8 | (j < end ? fold_table[text[j]] : '\n');
        size_t j = i + 3;
        for (; j < end; j++) {
            gram = gram << 8 | fold_table[text[j]];
            ADD_GRAM(gram);
        }
        for (size_t left = end - i < 3 ? end - i : 3; left; left--) {
            gram = gram << 8 | '\n';
            ADD_GRAM(gram);
        }
        i = end + 1;
    }
#undef ADD_GRAM
    b->used = (size_t)(out - b->pairs);
    b->documents++;
    return (long long)(b->used - start);
}

/* One stable counting pass over n pairs by `bits` bits of the gram from `shift` up. */
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

/* Sorts by gram, keeping the order of documents. The first pass splits by the top 11 bits into parts that mostly fit
 * the cache; two passes then sort each part by the other 21. */
static int sort_pairs(Builder *b)
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
        if (size < 2)
            continue;
        uint64_t *part = parts + start, *other = pairs + start;
        uint8_t *pay = payload ? pay_parts + start : NULL, *pay_other = payload ? payload + start : NULL;
        memset(counts[2], 0, 2 * sizeof *counts);
        for (size_t i = 0; i < size; i++) {
            counts[2][part[i] >> 32 & (DIGITS - 1)]++;
            counts[3][part[i] >> 43 & (DIGITS - 1)]++;
        }
        counting_pass(part, other, pay, pay_other, size, 32, counts[2]);
        counting_pass(other, part, pay_other, pay, size, 43, counts[3]);
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
    int k = rice_parameter(count, documents);
    uint32_t previous = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t document = (uint32_t)pairs[i];
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
            uint32_t document = (uint32_t)pairs[i];
            p[document >> 3] |= (uint8_t)(1 << (document & 7));
        }
    } else {
        uint64_t word = 0; /* bits wait here, lowest first, and leave 32 at a time */
        int held = 0;
        uint8_t *limit = p + length, *q = p;
        previous = 0;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t document = (uint32_t)pairs[i], gap = document - previous, zeros = gap >> k;
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

typedef struct {
    Buffer bytes;
    size_t *starts; /* of each block in bytes */
    uint32_t *first;
    size_t blocks, capacity;
} Blocks;

static void close_block(Blocks *out, uint32_t documents, uint32_t entries)
{
    size_t start = out->starts[out->blocks - 1];
    uint8_t *p = out->bytes.data + start;
    write_u32(p + 4, documents);
    write_u32(p + 8, entries);
    write_u32(p + 12, out->first[out->blocks - 1]);
    write_u32(p, checksum(p + 4, out->bytes.used - start - 4));
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

/* Encodes the sorted pairs. */
static int encode(Builder *b, size_t block_bytes, Blocks *out)
{
    uint32_t entries = 0, previous = 0;
    int open = 0;
    for (size_t i = 0, next; i < b->used; i = next) {
        uint32_t gram = (uint32_t)(b->pairs[i] >> 32);
        size_t kept = i; /* repeats of one document under one gram keep their first */
        for (next = i + 1; next < b->used && (uint32_t)(b->pairs[next] >> 32) == gram; next++) {
            if ((uint32_t)b->pairs[next] == (uint32_t)b->pairs[kept])
                continue;
            kept++;
            b->pairs[kept] = b->pairs[next];
            if (b->payload)
                b->payload[kept] = b->payload[next];
        }
        uint32_t count = (uint32_t)(kept + 1 - i);
        if (open && out->bytes.used - out->starts[out->blocks - 1] >= block_bytes) {
            close_block(out, b->documents, entries);
            open = 0;
        }
        if (!open) {
            if (open_block(out, gram) < 0)
                return -1;
            open = 1;
            entries = 0;
            previous = gram;
        }
        if (buffer_reserve(&out->bytes, 32) < 0)
            return -1;
        put_varint(&out->bytes, gram - previous);
        put_varint(&out->bytes, count);
        previous = gram;
        if (count == 1) {
            put_varint(&out->bytes, (uint32_t)b->pairs[i]);
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

/* ---- reading ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const uint8_t *p, *end;
    uint32_t documents, entries, gram, count, length;
    const uint8_t *list;    /* of a longer list */
    const uint8_t *payload; /* or NULL */
    uint32_t single;        /* the document of a list of one */
    int with_payload, first;
} Cursor;

/* Opens a block. Returns 0, or -1 when it is damaged. */
static int cursor_open(Cursor *c, const uint8_t *data, size_t n, int with_payload)
{
    if (n < 16 || checksum(data + 4, n - 4) != read_u32(data))
        return -1;
    c->documents = read_u32(data + 4);
    c->entries = read_u32(data + 8);
    c->gram = read_u32(data + 12);
    c->p = data + 16;
    c->end = data + n;
    c->with_payload = with_payload;
    c->first = 1;
    return 0;
}

/* Moves to the next entry. Returns 1, 0 at the end, -1 when the block is damaged. */
static int cursor_next(Cursor *c)
{
    if (!c->entries)
        return 0;
    c->entries--;
    c->gram += get_varint(&c->p, c->end);
    if (c->p)
        c->count = get_varint(&c->p, c->end);
    if (c->p)
        c->length = c->single = get_varint(&c->p, c->end);
    if (!c->p || !c->count)
        return -1;
    size_t body = c->count == 1 ? 0 : c->length, payload = c->with_payload ? c->count : 0;
    if (body + payload > (size_t)(c->end - c->p))
        return -1;
    c->list = c->p;
    c->payload = c->with_payload ? c->p + body : NULL;
    c->p += body + payload;
    return 1;
}

/* Writes the documents of the current entry into `out` (room for count). Returns 0, or -1 when damaged. */
static int cursor_documents(const Cursor *c, uint32_t *out)
{
    if (c->count == 1) {
        out[0] = c->single;
        return c->single < c->documents ? 0 : -1;
    }
    uint32_t found = 0;
    if (c->length == (c->documents + 7) / 8) {
        for (uint32_t i = 0; i < c->length; i++)
            for (uint32_t byte = c->list[i]; byte; byte &= byte - 1) {
                if (found == c->count)
                    return -1;
                out[found++] = i * 8 + (uint32_t)__builtin_ctz(byte);
            }
        return found == c->count ? 0 : -1;
    }
    int k = rice_parameter(c->count, c->documents);
    uint64_t word = 0;
    int held = 0;
    const uint8_t *p = c->list, *end = c->list + c->length;
    uint32_t document = 0, mask = (1u << k) - 1;
    while (found < c->count) {
        uint32_t zeros = 0;
        for (;;) {
            while (held <= 56 && p < end) {
                word |= (uint64_t)*p++ << held;
                held += 8;
            }
            if (word) {
                int z = __builtin_ctzll(word);
                zeros += (uint32_t)z;
                word >>= z;
                word >>= 1;
                held -= z + 1;
                break;
            }
            if (p >= end)
                return -1;
            zeros += (uint32_t)held;
            held = 0;
        }
        while (held < k && p < end) {
            word |= (uint64_t)*p++ << held;
            held += 8;
        }
        if (held < k)
            return -1;
        document += (zeros << k) + ((uint32_t)word & mask);
        word >>= k;
        held -= k;
        if (document >= c->documents)
            return -1;
        out[found++] = document++;
    }
    return 0;
}

/* ---- Python ------------------------------------------------------------------------------------------------------- */

static PyObject *damaged(void)
{
    PyErr_SetString(PyExc_ValueError, "damaged block");
    return NULL;
}

PyDoc_STRVAR(postings_doc,
             "postings(block, low, high) -> bytes\n\nThe documents of all grams from low to high inclusive in this block, "
             "as a little-endian bitmap; empty when there are none. Raises ValueError for a damaged block.");

static PyObject *postings(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer view;
    unsigned long low, high;
    if (!PyArg_ParseTuple(args, "y*kk", &view, &low, &high))
        return NULL;
    Cursor c;
    uint8_t *bitmap = NULL;
    uint32_t *list = NULL;
    size_t bytes = 0, room = 0;
    int failed = 0;
    Py_BEGIN_ALLOW_THREADS
    failed = cursor_open(&c, view.buf, (size_t)view.len, 0);
    if (!failed) {
        int state;
        while ((state = cursor_next(&c)) > 0 && c.gram <= high) {
            if (c.gram < low)
                continue;
            if (!bitmap) {
                bytes = (c.documents + 7) / 8;
                bitmap = calloc(bytes + 1, 1);
            }
            if (bitmap && c.count > 1 && c.length == bytes) {
                for (size_t i = 0; i < bytes; i++)
                    bitmap[i] |= c.list[i];
                continue;
            }
            if (c.count > room) {
                free(list);
                room = c.count * 2;
                list = malloc(room * sizeof *list);
            }
            if (!bitmap || !list) {
                failed = -2;
                break;
            }
            if (cursor_documents(&c, list) < 0) {
                state = -1;
                break;
            }
            for (uint32_t i = 0; i < c.count; i++)
                bitmap[list[i] >> 3] |= (uint8_t)(1 << (list[i] & 7));
        }
        if (state < 0)
            failed = -1;
    }
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&view);
    PyObject *result = NULL;
    if (failed == -2)
        PyErr_NoMemory();
    else if (failed)
        damaged();
    else
        result = PyBytes_FromStringAndSize((const char *)bitmap, (Py_ssize_t)bytes);
    free(bitmap);
    free(list);
    return result;
}

PyDoc_STRVAR(weighted_doc,
             "weighted_postings(block, key) -> tuple[bytes, bytes]\n\nThe posting list of one key with payloads: document "
             "numbers as native uint32, payloads as uint8. Raises ValueError for a damaged block.");

static PyObject *weighted_postings(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer view;
    unsigned long key;
    if (!PyArg_ParseTuple(args, "y*k", &view, &key))
        return NULL;
    Cursor c;
    PyObject *result = NULL;
    if (cursor_open(&c, view.buf, (size_t)view.len, 1) < 0)
        damaged();
    else {
        int state;
        while ((state = cursor_next(&c)) > 0 && c.gram < key)
            ;
        if (state < 0)
            damaged();
        else if (state == 0 || c.gram != key)
            result = Py_BuildValue("(y#y#)", "", (Py_ssize_t)0, "", (Py_ssize_t)0);
        else {
            uint32_t *list = malloc(c.count * sizeof *list);
            if (!list)
                PyErr_NoMemory();
            else if (cursor_documents(&c, list) < 0)
                damaged();
            else
                result = Py_BuildValue("(y#y#)", (const char *)list, (Py_ssize_t)(c.count * sizeof *list),
                                       (const char *)c.payload, (Py_ssize_t)c.count);
            free(list);
        }
    }
    PyBuffer_Release(&view);
    return result;
}

PyDoc_STRVAR(members_doc, "members(bitmap, base) -> list[int]\n\nThe positions of the set bits, base added, ascending.");

static PyObject *members(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer view;
    long long base;
    if (!PyArg_ParseTuple(args, "y*L", &view, &base))
        return NULL;
    PyObject *list = PyList_New(0);
    const uint8_t *p = view.buf;
    for (Py_ssize_t i = 0; list && i < view.len; i++)
        for (uint32_t byte = p[i]; list && byte; byte &= byte - 1) {
            PyObject *number = PyLong_FromLongLong(base + i * 8 + __builtin_ctz(byte));
            if (!number || PyList_Append(list, number) < 0) {
                Py_DECREF(list);
                list = NULL;
            }
            Py_XDECREF(number);
        }
    PyBuffer_Release(&view);
    return list;
}

PyDoc_STRVAR(select_run_doc,
             "select_run(numbers, start, low, high, bitmap) -> tuple[int, list[int]]\n\nnumbers (native uint32) are read "
             "from start while they are 0 or between low and high: where that ends, and the positions of those that are "
             "0 or whose bit, counted from low, is set; all of them if bitmap is None.");

static PyObject *select_run(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer view, bitmap = {0};
    Py_ssize_t start;
    long long low, high;
    PyObject *bits;
    if (!PyArg_ParseTuple(args, "y*nLLO", &view, &start, &low, &high, &bits))
        return NULL;
    if (bits != Py_None && PyObject_GetBuffer(bits, &bitmap, PyBUF_SIMPLE) < 0) {
        PyBuffer_Release(&view);
        return NULL;
    }
    const uint32_t *numbers = view.buf;
    const uint8_t *bytes = bitmap.buf;
    Py_ssize_t count = view.len / 4, i = start < 0 ? 0 : start;
    PyObject *list = PyList_New(0);
    for (; list && i < count; i++) {
        long long number = numbers[i], place = number - low;
        if (number && (place < 0 || number > high))
            break;
        if (number && bits != Py_None && (place / 8 >= bitmap.len || !(bytes[place >> 3] >> (place & 7) & 1)))
            continue;
        PyObject *position = PyLong_FromSsize_t(i);
        if (!position || PyList_Append(list, position) < 0) {
            Py_DECREF(list);
            list = NULL;
        }
        Py_XDECREF(position);
    }
    PyObject *result = list ? Py_BuildValue("(nN)", i, list) : NULL;
    if (bits != Py_None)
        PyBuffer_Release(&bitmap);
    PyBuffer_Release(&view);
    return result;
}

/* One thread at a time may be inside a builder: its calls run without the GIL. */
static int enter(BuilderObject *self)
{
    if (self->lock_owner) {
        PyErr_SetString(PyExc_RuntimeError, "this builder is in use by another thread");
        return -1;
    }
    self->lock_owner = Py_None;
    return 0;
}

static PyObject *builder_add(PyObject *object, PyObject *text)
{
    BuilderObject *self = (BuilderObject *)object;
    Py_buffer view;
    if (PyObject_GetBuffer(text, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    if (enter(self) < 0) {
        PyBuffer_Release(&view);
        return NULL;
    }
    long long grams;
    Py_BEGIN_ALLOW_THREADS
    grams = add_text(&self->builder, view.buf, (size_t)view.len);
    Py_END_ALLOW_THREADS
    self->lock_owner = NULL;
    PyBuffer_Release(&view);
    return grams < 0 ? PyErr_NoMemory() : PyLong_FromLongLong(grams);
}

static PyObject *builder_add_keys(PyObject *object, PyObject *args)
{
    BuilderObject *self = (BuilderObject *)object;
    Py_buffer keys, payload;
    if (!PyArg_ParseTuple(args, "y*y*", &keys, &payload))
        return NULL;
    PyObject *result = NULL;
    Builder *b = &self->builder;
    size_t n = (size_t)keys.len / 4;
    if (!b->with_payload || (size_t)payload.len != n || keys.len % 4)
        PyErr_SetString(PyExc_ValueError, "keys are uint32 with one payload byte each, in a builder with payloads");
    else if (enter(self) == 0) {
        if (reserve_pairs(b, n) < 0)
            PyErr_NoMemory();
        else {
            for (size_t i = 0; i < n; i++) {
                uint32_t key;
                memcpy(&key, (const char *)keys.buf + i * 4, 4);
                b->payload[b->used] = ((const uint8_t *)payload.buf)[i];
                b->pairs[b->used++] = (uint64_t)key << 32 | b->documents;
            }
            b->documents++;
            result = Py_NewRef(Py_None);
        }
        self->lock_owner = NULL;
    }
    PyBuffer_Release(&keys);
    PyBuffer_Release(&payload);
    return result;
}

/* Adds every posting of a block, with documents renumbered. */
static int add_block(Builder *b, Cursor *c, const int32_t *numbers, size_t known)
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
        if (reserve_pairs(b, c->count) < 0) {
            state = -2;
            break;
        }
        for (uint32_t i = 0; i < c->count; i++) {
            if (list[i] >= known || numbers[list[i]] < 0)
                continue;
            if (b->with_payload)
                b->payload[b->used] = c->payload[i];
            b->pairs[b->used++] = (uint64_t)c->gram << 32 | (uint32_t)numbers[list[i]];
        }
    }
    free(list);
    return state;
}

static PyObject *builder_add_block(PyObject *object, PyObject *args)
{
    BuilderObject *self = (BuilderObject *)object;
    Py_buffer block, numbers;
    if (!PyArg_ParseTuple(args, "y*y*", &block, &numbers))
        return NULL;
    int state = -3;
    if (enter(self) == 0) {
        Py_BEGIN_ALLOW_THREADS
        Cursor c;
        state = cursor_open(&c, block.buf, (size_t)block.len, self->builder.with_payload);
        if (!state)
            state = add_block(&self->builder, &c, numbers.buf, (size_t)numbers.len / 4);
        Py_END_ALLOW_THREADS
        self->lock_owner = NULL;
    }
    PyBuffer_Release(&block);
    PyBuffer_Release(&numbers);
    if (state == -3)
        return NULL;
    if (state == -2)
        return PyErr_NoMemory();
    return state ? damaged() : Py_NewRef(Py_None);
}

static PyObject *builder_set_documents(PyObject *object, PyObject *arg)
{
    unsigned long documents = PyLong_AsUnsignedLong(arg);
    if (documents == (unsigned long)-1 && PyErr_Occurred())
        return NULL;
    ((BuilderObject *)object)->builder.documents = (uint32_t)documents;
    return Py_NewRef(Py_None);
}

static void builder_reset(Builder *b)
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

static PyObject *builder_finish(PyObject *object, PyObject *args)
{
    BuilderObject *self = (BuilderObject *)object;
    Py_ssize_t block_bytes = 16000;
    if (!PyArg_ParseTuple(args, "|n", &block_bytes) || enter(self) < 0)
        return NULL;
    Blocks out = {0};
    int failed;
    Py_BEGIN_ALLOW_THREADS
    failed = sort_pairs(&self->builder) < 0 || encode(&self->builder, (size_t)block_bytes, &out) < 0;
    builder_reset(&self->builder);
    Py_END_ALLOW_THREADS
    self->lock_owner = NULL;
    PyObject *list = failed ? PyErr_NoMemory() : PyList_New(0);
    for (size_t i = 0; list && i < out.blocks; i++) {
        size_t end = i + 1 < out.blocks ? out.starts[i + 1] : out.bytes.used;
        PyObject *item = Py_BuildValue("(ky#)", (unsigned long)out.first[i], (const char *)out.bytes.data + out.starts[i],
                                       (Py_ssize_t)(end - out.starts[i]));
        if (!item || PyList_Append(list, item) < 0) {
            Py_DECREF(list);
            list = NULL;
        }
        Py_XDECREF(item);
    }
    free(out.bytes.data);
    free(out.starts);
    free(out.first);
    return list;
}

static PyObject *builder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"payload", NULL};
    int payload = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|p", names, &payload))
        return NULL;
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    BuilderObject *self = (BuilderObject *)alloc(type, 0); /* zeroed */
    if (self)
        self->builder.with_payload = payload;
    return (PyObject *)self;
}

static void builder_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    builder_reset(&((BuilderObject *)object)->builder);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(object);
    Py_DECREF(type);
}

static PyObject *builder_get_documents(PyObject *object, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLong(((BuilderObject *)object)->builder.documents);
}

static PyObject *builder_get_postings(PyObject *object, void *closure)
{
    (void)closure;
    return PyLong_FromSize_t(((BuilderObject *)object)->builder.used);
}

static PyMethodDef builder_methods[] = {
    {"add", builder_add, METH_O, "add(text) -> int: adds the next document; returns its number of distinct grams."},
    {"add_keys", builder_add_keys, METH_VARARGS, "add_keys(keys, payloads): adds the next document from uint32 keys."},
    {"add_block", builder_add_block, METH_VARARGS,
     "add_block(block, numbers): adds a block's postings; numbers (int32) maps documents, negative ones are dropped."},
    {"set_documents", builder_set_documents, METH_O, "set_documents(n): how many documents the segment spans."},
    {"finish", builder_finish, METH_VARARGS,
     "finish(block_bytes=16000) -> list[tuple[int, bytes]]: the blocks with their first keys; empties the builder."},
    {NULL, NULL, 0, NULL}};

static PyGetSetDef builder_getset[] = {{"documents", builder_get_documents, NULL, "documents added so far", NULL},
                                       {"postings", builder_get_postings, NULL, "postings held", NULL},
                                       {NULL, NULL, NULL, NULL, NULL}};

static PyType_Slot builder_slots[] = {{Py_tp_new, builder_new},         {Py_tp_dealloc, builder_dealloc},
                                      {Py_tp_methods, builder_methods}, {Py_tp_getset, builder_getset},
                                      {Py_tp_doc, "Collects documents' grams and makes the blocks of a segment."},
                                      {0, NULL}};

static PyType_Spec builder_spec = {.name = "leindex._native.SegmentBuilder",
                                   .basicsize = sizeof(BuilderObject),
                                   .flags = Py_TPFLAGS_DEFAULT,
                                   .slots = builder_slots};

static PyMethodDef functions[] = {{"postings", postings, METH_VARARGS, postings_doc},
                                  {"weighted_postings", weighted_postings, METH_VARARGS, weighted_doc},
                                  {"select_run", select_run, METH_VARARGS, select_run_doc},
                                  {"members", members, METH_VARARGS, members_doc},
                                  {NULL, NULL, 0, NULL}};

int add_grams(PyObject *module)
{
    make_fold_table();
    PyObject *type = PyType_FromSpec(&builder_spec);
    if (!type || PyModule_AddObjectRef(module, "SegmentBuilder", type) < 0) {
        Py_XDECREF(type);
        return -1;
    }
    Py_DECREF(type);
    return PyModule_AddFunctions(module, functions);
}
