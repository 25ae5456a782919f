/* Finding literals: what a match must hold is found first, and the automaton only looks around there.
 *
 * One literal is found by comparing two of its rarest bytes, a vector of places at a time (the "generic SIMD"
 * search of Wojciech Mula). Some dozens are found with Teddy (from Hyperscan, Wang et al., NSDI 2019): two shuffles a
 * leading byte tell which of eight buckets may start at each of 32 places. Without the instructions, a table of byte
 * pairs does. Every search folds ASCII case on request: a byte stands for a letter if (byte | 0x20) does.
 */
#include "native.h"
#include "regex/regex.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2")))
#define HAVE_AVX2 cpu_has_avx2
#else
#define HAVE_AVX2 false
#endif

#define TEDDY_MAX 128

bool cpu_has_avx2 = false;

/* How common each byte is in C source, 0 the rarest. */
static const uint8_t RANK[256] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 251, 250, 9, 10, 11, 12, 13,
    14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
    255, 171, 201, 190, 91, 172, 189, 162, 232, 233, 230, 178, 237, 228, 204, 206,
    242, 217, 213, 203, 198, 192, 194, 186, 199, 185, 184, 234, 182, 224, 210, 140,
    165, 223, 193, 220, 209, 226, 200, 191, 187, 219, 150, 179, 215, 211, 212, 207,
    208, 167, 216, 221, 222, 197, 181, 180, 188, 173, 166, 175, 170, 174, 126, 253,
    161, 246, 227, 243, 241, 254, 236, 225, 231, 248, 169, 214, 240, 235, 245, 244,
    238, 183, 249, 247, 252, 239, 218, 205, 229, 202, 177, 195, 176, 196, 157, 30,
    158, 127, 153, 121, 147, 132, 131, 133, 139, 129, 111, 115, 151, 122, 113, 138,
    125, 104, 90, 95, 149, 103, 114, 112, 124, 109, 152, 120, 144, 102, 97, 108,
    123, 135, 96, 93, 110, 130, 107, 101, 145, 87, 105, 94, 92, 119, 137, 142,
    134, 89, 86, 100, 99, 88, 118, 98, 156, 116, 148, 146, 155, 141, 106, 136,
    31, 32, 84, 85, 33, 83, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    82, 81, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57,
    58, 59, 117, 128, 163, 168, 164, 160, 159, 154, 60, 61, 62, 63, 64, 143,
    65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80,
};

uint32_t byte_share(uint8_t byte)
{
    return 600u >> (255 - RANK[byte]) / 14; /* fits the counts that the ranks come from */
}

void literal_choose_cpu(void)
{
#if defined(__x86_64__)
    cpu_has_avx2 = __builtin_cpu_supports("avx2");
#endif
}

bool literal_at(const Literal *literal, const uint8_t *hay, size_t at, size_t end)
{
    if (literal->len > end - at)
        return false;
    const uint8_t *text = hay + at;
    size_t i = 0;
    for (; i + 8 <= literal->len; i += 8) {
        uint64_t t, m, b;
        memcpy(&t, text + i, 8);
        memcpy(&m, literal->masks + i, 8);
        memcpy(&b, literal->bytes + i, 8);
        if ((t | m) != b)
            return false;
    }
    for (; i < literal->len; i++)
        if ((text[i] | literal->masks[i]) != literal->bytes[i])
            return false;
    return true;
}

/* The two offsets whose bytes are rarest together; different bytes if there are any. */
static void choose_offsets(Literals *set)
{
    const Literal *one = &set->items[0];
    uint32_t window = one->len < 64 ? (uint32_t)one->len : 64, rare = 0, second = 0;
    for (uint32_t i = 1; i < window; i++)
        if (RANK[one->bytes[i]] < RANK[one->bytes[rare]])
            rare = i;
    second = rare ? 0 : window - 1;
    for (uint32_t i = 0; i < window; i++)
        if (i != rare && one->bytes[i] != one->bytes[rare] &&
            (one->bytes[second] == one->bytes[rare] || RANK[one->bytes[i]] < RANK[one->bytes[second]]))
            second = i;
    set->rare_at = rare;
    set->far_at = second;
}

static bool byte_stands(const Literal *literal, size_t i, int byte)
{
    return (byte | literal->masks[i]) == literal->bytes[i];
}

static Status build_teddy(Literals *set)
{
    set->probes = set->min_len < 3 ? (uint32_t)set->min_len : 3;
    uint32_t bucket_of[TEDDY_MAX], used = 0;
    for (uint32_t i = 0; i < set->count; i++) { /* equal beginnings share a bucket */
        bucket_of[i] = NONE;
        for (uint32_t j = 0; j < i && bucket_of[i] == NONE; j++)
            if (!memcmp(set->items[i].bytes, set->items[j].bytes, set->probes))
                bucket_of[i] = bucket_of[j];
        if (bucket_of[i] == NONE)
            bucket_of[i] = used++ % 8;
        set->bucket_len[bucket_of[i]]++;
    }
    for (int k = 0; k < 8; k++) {
        set->bucket[k] = malloc((set->bucket_len[k] + 1) * sizeof(uint32_t));
        if (!set->bucket[k])
            return NO_MEMORY;
        set->bucket_len[k] = 0;
    }
    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t k = bucket_of[i];
        set->bucket[k][set->bucket_len[k]++] = i;
        for (uint32_t p = 0; p < set->probes; p++)
            for (int byte = 0; byte < 256; byte++)
                if (byte_stands(&set->items[i], p, byte)) {
                    set->low[p][byte & 15] |= (uint8_t)(1 << k);
                    set->high[p][byte >> 4] |= (uint8_t)(1 << k);
                }
    }
    set->teddy = true;
    return OK;
}

static Status build_pairs(Literals *set)
{
    set->pairs = calloc(1, 8192);
    if (!set->pairs)
        return NO_MEMORY;
    for (uint32_t i = 0; i < set->count; i++)
        for (int first = 0; first < 256; first++)
            for (int second = 0; byte_stands(&set->items[i], 0, first) && second < 256; second++)
                if (set->min_len == 1 || byte_stands(&set->items[i], 1, second)) {
                    uint32_t pair = (uint32_t)first << 8 | (uint32_t)second;
                    set->pairs[pair >> 3] |= (uint8_t)(1 << (pair & 7));
                }
    return OK;
}

Status literals_build(Literals *set, const Program *program)
{
    *set = (Literals){.count = program->nliterals, .min_len = SIZE_MAX};
    set->items = calloc(set->count + 1, sizeof *set->items);
    if (!set->items)
        return NO_MEMORY;
    const uint32_t *at = program->literals;
    for (uint32_t i = 0; i < set->count; i++) {
        Literal *item = &set->items[i];
        item->len = at[0];
        item->bytes = malloc(item->len * 2 + 1);
        if (!item->bytes)
            return NO_MEMORY;
        item->masks = item->bytes + item->len;
        memcpy(item->bytes, at + 1, item->len);
        for (size_t j = 0; j < item->len; j++) {
            bool letter = item->bytes[j] >= 'a' && item->bytes[j] <= 'z';
            item->masks[j] = program->flags & PROGRAM_FOLD && letter ? 0x20 : 0;
        }
        set->min_len = item->len < set->min_len ? item->len : set->min_len;
        set->max_len = item->len > set->max_len ? item->len : set->max_len;
        at += 1 + (item->len + 3) / 4;
    }
    if (set->min_len == 0)
        return MALFORMED;
    if (set->count == 1) {
        choose_offsets(set);
        return OK;
    }
    return HAVE_AVX2 && set->count <= TEDDY_MAX ? build_teddy(set) : build_pairs(set);
}

void literals_free(Literals *set)
{
    for (uint32_t i = 0; set->items && i < set->count; i++)
        free(set->items[i].bytes);
    for (int k = 0; k < 8; k++)
        free(set->bucket[k]);
    free(set->items);
    free(set->pairs);
    *set = (Literals){0};
}

static size_t one_scalar(const Literal *one, const uint8_t *hay, size_t at, size_t end)
{
    for (; at + one->len <= end; at++)
        if ((hay[at] | one->masks[0]) == one->bytes[0] && literal_at(one, hay, at, end))
            return at;
    return NOWHERE;
}

#if defined(__x86_64__)
AVX2 static size_t one_avx2(const Literals *set, const uint8_t *hay, size_t at, size_t end)
{
    const Literal *one = &set->items[0];
    uint32_t i = set->rare_at, j = set->far_at;
    __m256i first = _mm256_set1_epi8((char)one->bytes[i]), second = _mm256_set1_epi8((char)one->bytes[j]);
    __m256i mask1 = _mm256_set1_epi8((char)one->masks[i]), mask2 = _mm256_set1_epi8((char)one->masks[j]);
    size_t last = (i > j ? i : j) + 32;
    for (; at + last <= end; at += 32) {
        __m256i a = _mm256_or_si256(_mm256_loadu_si256((const __m256i *)(hay + at + i)), mask1);
        __m256i b = _mm256_or_si256(_mm256_loadu_si256((const __m256i *)(hay + at + j)), mask2);
        __m256i both = _mm256_and_si256(_mm256_cmpeq_epi8(a, first), _mm256_cmpeq_epi8(b, second));
        for (uint32_t hits = (uint32_t)_mm256_movemask_epi8(both); hits; hits &= hits - 1) {
            size_t place = at + (size_t)__builtin_ctz(hits);
            if (literal_at(one, hay, place, end))
                return place;
        }
    }
    return one_scalar(one, hay, at, end);
}

static size_t one_sse2(const Literals *set, const uint8_t *hay, size_t at, size_t end)
{
    const Literal *one = &set->items[0];
    uint32_t i = set->rare_at, j = set->far_at;
    __m128i first = _mm_set1_epi8((char)one->bytes[i]), second = _mm_set1_epi8((char)one->bytes[j]);
    __m128i mask1 = _mm_set1_epi8((char)one->masks[i]), mask2 = _mm_set1_epi8((char)one->masks[j]);
    size_t last = (i > j ? i : j) + 16;
    for (; at + last <= end; at += 16) {
        __m128i a = _mm_or_si128(_mm_loadu_si128((const __m128i *)(hay + at + i)), mask1);
        __m128i b = _mm_or_si128(_mm_loadu_si128((const __m128i *)(hay + at + j)), mask2);
        __m128i both = _mm_and_si128(_mm_cmpeq_epi8(a, first), _mm_cmpeq_epi8(b, second));
        for (uint32_t hits = (uint32_t)_mm_movemask_epi8(both); hits; hits &= hits - 1) {
            size_t place = at + (size_t)__builtin_ctz(hits);
            if (literal_at(one, hay, place, end))
                return place;
        }
    }
    return one_scalar(one, hay, at, end);
}

/* The most preferred literal at a place among those of the buckets in `bits`. */
static uint32_t best_of(const Literals *set, const uint8_t *hay, size_t at, size_t end, uint32_t bits)
{
    uint32_t best = NONE;
    for (; bits; bits &= bits - 1) {
        int k = __builtin_ctz(bits);
        for (uint32_t i = 0; i < set->bucket_len[k] && set->bucket[k][i] < best; i++)
            if (literal_at(&set->items[set->bucket[k][i]], hay, at, end))
                best = set->bucket[k][i];
    }
    return best;
}

AVX2 static size_t teddy(const Literals *set, const uint8_t *hay, size_t at, size_t end, uint32_t *which)
{
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i low[3], high[3];
    for (uint32_t p = 0; p < set->probes; p++) {
        low[p] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)set->low[p]));
        high[p] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)set->high[p]));
    }
    for (; at + 31 + set->probes <= end; at += 32) {
        __m256i hit = _mm256_set1_epi8(-1);
        for (uint32_t p = 0; p < set->probes; p++) {
            __m256i text = _mm256_loadu_si256((const __m256i *)(hay + at + p));
            __m256i top = _mm256_and_si256(_mm256_srli_epi16(text, 4), nibble);
            hit = _mm256_and_si256(hit, _mm256_and_si256(_mm256_shuffle_epi8(low[p], _mm256_and_si256(text, nibble)),
                                                         _mm256_shuffle_epi8(high[p], top)));
        }
        uint32_t places = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(hit, _mm256_setzero_si256()));
        if (!places)
            continue;
        uint8_t bits[32];
        _mm256_storeu_si256((__m256i *)bits, hit);
        for (; places; places &= places - 1) {
            size_t i = (size_t)__builtin_ctz(places);
            *which = best_of(set, hay, at + i, end, bits[i]);
            if (*which != NONE)
                return at + i;
        }
    }
    for (; at + set->min_len <= end; at++) {
        uint32_t bits = 255;
        for (uint32_t p = 0; p < set->probes; p++)
            bits &= set->low[p][hay[at + p] & 15] & set->high[p][hay[at + p] >> 4];
        *which = best_of(set, hay, at, end, bits);
        if (*which != NONE)
            return at;
    }
    return NOWHERE;
}
#endif

static size_t by_pairs(const Literals *set, const uint8_t *hay, size_t at, size_t end, uint32_t *which)
{
    for (; at + set->min_len <= end; at++) {
        uint32_t pair = (uint32_t)hay[at] << 8 | (at + 1 < end ? hay[at + 1] : 0);
        if (!(set->pairs[pair >> 3] & 1 << (pair & 7)))
            continue;
        for (*which = 0; *which < set->count; ++*which)
            if (literal_at(&set->items[*which], hay, at, end))
                return at;
    }
    return NOWHERE;
}

size_t literals_find(const Literals *set, const uint8_t *hay, size_t start, size_t end, uint32_t *which)
{
    if (start > end || end - start < set->min_len)
        return NOWHERE;
    if (set->count == 1) {
        const Literal *one = &set->items[0];
        *which = 0;
        if (one->len == 1 && !one->masks[0]) {
            const uint8_t *hit = memchr(hay + start, one->bytes[0], end - start);
            return hit ? (size_t)(hit - hay) : NOWHERE;
        }
#if defined(__x86_64__)
        return HAVE_AVX2 ? one_avx2(set, hay, start, end) : one_sse2(set, hay, start, end);
#else
        return one_scalar(one, hay, start, end);
#endif
    }
#if defined(__x86_64__)
    if (set->teddy)
        return teddy(set, hay, start, end, which);
#endif
    return by_pairs(set, hay, start, end, which);
}
