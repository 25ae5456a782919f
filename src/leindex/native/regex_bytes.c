/* Counting newlines and finding single bytes. */
#include "native.h"
#include "regex.h"

#if defined(__x86_64__)
#include <emmintrin.h>
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

/* The first place in data[start..end] that holds one of up to three bytes, or `end`. */
size_t bytes_find3(const uint8_t *data, size_t start, size_t end, const uint8_t *wanted, uint32_t count)
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
