/* Reading the blocks of gram segments. */
#include "grams/segment.h"

/* Reads a varint; advances *p; sets *p to NULL when the bytes end early. */
static inline uint64_t get_varint(const uint8_t **p, const uint8_t *end)
{
    uint64_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
        if (*p >= end)
            break;
        uint8_t byte = *(*p)++;
        value |= (uint64_t)(byte & 127) << shift;
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

/* A checksum against damage, not against malice: eight bytes a step, multiply and fold. */
uint32_t segment_checksum(const uint8_t *p, size_t n)
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

int segment_rice_parameter(uint32_t count, uint32_t documents)
{
    uint32_t mean = documents / count;
    int k = 0;
    while (mean >= 2) { /* floor(log2(mean gap)), less one for skewed gaps shows no gain */
        mean >>= 1;
        k++;
    }
    return k;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/* Opens a block. Returns 0, or -1 when it is damaged. */
int cursor_open(Cursor *c, const uint8_t *data, size_t n, int with_payload)
{
    if (n < 16 || segment_checksum(data + 4, n - 4) != read_u32(data))
        return -1;
    c->documents = read_u32(data + 4);
    if (c->documents > DOCUMENTS_MAX)
        return -1;
    c->entries = read_u32(data + 8);
    c->gram = read_u32(data + 12);
    c->p = data + 16;
    c->end = data + n;
    c->with_payload = with_payload;
    c->key = (uint64_t)c->gram << !with_payload;
    return 0;
}

/* Moves to the next entry. Returns 1, 0 at the end, -1 when the block is damaged. */
int cursor_next(Cursor *c)
{
    if (!c->entries)
        return 0;
    c->entries--;
    uint64_t head = get_varint(&c->p, c->end);
    if (c->with_payload)
        c->gram = (uint32_t)(c->key += head);
    else {
        c->key += head >> 1;
        c->gram = (uint32_t)(c->key >> 1);
        c->capitals = c->key & 1 ? WITH_CAPITALS : WITHOUT_CAPITALS;
    }
    c->count = 1;
    if (c->p && (c->with_payload || !(head & 1)))
        c->count = (uint32_t)get_varint(&c->p, c->end);
    if (c->p)
        c->length = c->single = (uint32_t)get_varint(&c->p, c->end);
    if (!c->p || !c->count)
        return -1;
    size_t body = c->count == 1 ? 0 : c->length, payload = c->with_payload ? c->count : 0;
    if (body + payload > (size_t)(c->end - c->p))
        return -1;
    if (c->count > 1 && c->count > body * 8) /* either way of coding takes a bit a document or more */
        return -1;
    int is_bitmap = c->count > 1 && c->length == (c->documents + 7) / 8, last = c->documents & 7;
    if (is_bitmap && last && c->p[body - 1] >> last) /* a bit of no document */
        return -1;
    c->list = c->p;
    c->payload = c->with_payload ? c->p + body : NULL;
    c->p += body + payload;
    return 1;
}

/* Writes the documents of the current entry into `out` (room for count). Returns 0, or -1 when damaged. */
int cursor_documents(const Cursor *c, uint32_t *out)
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
    int k = segment_rice_parameter(c->count, c->documents);
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
