/* Grams as words of text, for an inverted index that takes nothing else.
 *
 * A gram becomes four characters, one for each byte: printable ASCII stands for itself, any other byte b for U+0100 + b,
 * so that no word holds a blank and every gram of bytes, UTF-8 or not, has a word of its own. Words that begin alike
 * are grams that begin alike. */
#include "segment.h"

enum { MOST = 9 }; /* bytes of a word with its blank */

static inline uint8_t *put_character(uint8_t *out, uint32_t byte)
{
    if (byte > ' ' && byte < 0x7f) {
        *out++ = (uint8_t)byte;
        return out;
    }
    *out++ = (uint8_t)(0xc4 + (byte >> 6)); /* U+0100 + byte in UTF-8 */
    *out++ = (uint8_t)(0x80 | (byte & 0x3f));
    return out;
}

/* The words of the grams that the builder holds, a blank after each, as new memory. NULL without memory. */
uint8_t *segment_words(const Builder *b, size_t *length)
{
    uint8_t *words = malloc(b->used * MOST + 1), *out = words;
    for (size_t i = 0; words && i < b->used; i++) {
        uint32_t gram = (uint32_t)(b->pairs[i] >> 32);
        for (int shift = 24; shift >= 0; shift -= 8)
            out = put_character(out, gram >> shift & 0xff);
        *out++ = ' ';
    }
    *length = words ? (size_t)(out - words) : 0;
    return words;
}
