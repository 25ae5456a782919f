/* Counting newlines, and skipping to the next byte of a set.
 *
 * A large set is told by two table look-ups a byte, by its low and by its high nibble, which is exact for any set.
 */
#include "native.h"
#include "regex/regex.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

size_t newlines_count(const uint8_t *data, size_t len)
{
    size_t count = 0, at = 0;
#if defined(__x86_64__)
    const __m128i newline = _mm_set1_epi8('\n'), zero = _mm_setzero_si128();
    while (at + 16 <= len) {
        __m128i lanes = zero; /* a lane counts to 255 at most before it is summed */
        for (int i = 0; i < 255 && at + 16 <= len; i++, at += 16)
            lanes = _mm_sub_epi8(lanes, _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(data + at)), newline));
        __m128i sums = _mm_sad_epu8(lanes, zero);
        count += (size_t)_mm_cvtsi128_si64(sums) + (size_t)_mm_cvtsi128_si64(_mm_srli_si128(sums, 8));
    }
#endif
    for (; at < len; at++)
        count += data[at] == '\n';
    return count;
}

static size_t find_few(const uint8_t *data, size_t start, size_t end, const uint8_t *wanted, uint32_t count)
{
    if (count == 1) {
        const uint8_t *hit = start < end ? memchr(data + start, wanted[0], end - start) : NULL;
        return hit ? (size_t)(hit - data) : end;
    }
    uint8_t a = wanted[0], b = wanted[1], c = wanted[count - 1];
#if defined(__x86_64__)
    const __m128i va = _mm_set1_epi8((char)a), vb = _mm_set1_epi8((char)b), vc = _mm_set1_epi8((char)c);
    for (; start + 16 <= end; start += 16) {
        __m128i text = _mm_loadu_si128((const __m128i *)(data + start));
        __m128i any = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(text, va), _mm_cmpeq_epi8(text, vb)),
                                   _mm_cmpeq_epi8(text, vc));
        int hits = _mm_movemask_epi8(any);
        if (hits)
            return start + (size_t)__builtin_ctz((unsigned)hits);
    }
#endif
    while (start < end && data[start] != a && data[start] != b && data[start] != c)
        start++;
    return start;
}

void byteset_build(ByteSet *set)
{
    set->count = 0;
    memset(set->low, 0, sizeof set->low);
    for (int byte = 0; byte < 256; byte++)
        if (set->member[byte]) {
            set->low[byte >> 7][byte & 15] |= (uint8_t)(1 << (byte >> 4 & 7));
            if (set->count < 3)
                set->few[set->count] = (uint8_t)byte;
            set->count++;
        }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static size_t find_many(const ByteSet *set, const uint8_t *data, size_t start,
                                                        size_t end)
{
    const __m256i below = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)set->low[0]));
    const __m256i above = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)set->low[1]));
    const __m256i bits = _mm256_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16,
                                          32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128);
    const __m256i top = _mm256_set1_epi8(-128), nibble = _mm256_set1_epi8(15), zero = _mm256_setzero_si256();
    for (; start + 32 <= end; start += 32) {
        __m256i text = _mm256_loadu_si256((const __m256i *)(data + start));
        /* A shuffle gives 0 where the index has its top bit set: each half of the bytes sees its own table. */
        __m256i rows = _mm256_or_si256(
            _mm256_shuffle_epi8(below, _mm256_and_si256(text, _mm256_or_si256(top, nibble))),
            _mm256_shuffle_epi8(above, _mm256_and_si256(_mm256_xor_si256(text, top), _mm256_or_si256(top, nibble))));
        __m256i column = _mm256_shuffle_epi8(bits, _mm256_and_si256(_mm256_srli_epi16(text, 4), nibble));
        __m256i none = _mm256_cmpeq_epi8(_mm256_and_si256(rows, column), zero);
        uint32_t hits = ~(uint32_t)_mm256_movemask_epi8(none);
        if (hits)
            return start + (size_t)__builtin_ctz(hits);
    }
    while (start < end && !set->member[data[start]])
        start++;
    return start;
}
#endif

size_t byteset_find(const ByteSet *set, const uint8_t *data, size_t start, size_t end)
{
    if (set->count <= 3)
        return find_few(data, start, end, set->few, set->count);
#if defined(__x86_64__)
    if (cpu_has_avx2)
        return find_many(set, data, start, end);
#endif
    while (start < end && !set->member[data[start]])
        start++;
    return start;
}
