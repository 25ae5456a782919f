/* Blocks of lines that matches touch, for patterns that may match across line ends. */
#include "native.h"
#include "regex/regex.h"

#define LOOK_AHEAD 128 /* bytes, ripgrep's figure */
#define FINDS 4096     /* matches whose blocks are kept at a time */

/* Where the line at `at` starts, not before `floor`. */
static size_t block_start(const Hay *hay, uint8_t term, size_t floor, size_t at)
{
    while (at > floor && hay->data[at - 1] != term)
        at--;
    return at;
}

static size_t block_end(const Hay *hay, uint8_t term, size_t start, size_t at)
{
    if (at > start && hay->data[at - 1] == term)
        return at;
    const uint8_t *hit = at < hay->len ? memchr(hay->data + at, term, hay->len - at) : NULL;
    return hit ? (size_t)(hit - hay->data) + 1 : hay->len;
}

int search_blocks(const Engine *engine, Cache *cache, const Hay *hay, uint8_t term, size_t before, size_t *at,
                  size_t limit, Vector *blocks, size_t *finds)
{
    Block block = {before, before, 0, 0};
    size_t shift = NOWHERE;
    int result = 1;
    for (*finds = 0; *at < hay->len && *finds < limit; ++*finds) {
        /* As in ripgrep each search starts afresh: looks see a beginning there. */
        Hay rest = {hay->data + *at, hay->len - *at};
        Span found;
        if ((result = search_rest(engine, cache, &rest, shift, &found)) <= 0)
            break;
        size_t begin = *at + found.start, end = *at + found.end;
        shift = end + (begin == end && end < hay->len) - *at;
        *at += shift;
        if (end < block.end)
            continue;
        size_t start = begin < block.end ? begin : block_start(hay, term, block.end, begin);
        end = block_end(hay, term, start, end);
        if (block.finds && start <= block.end) {
            block.end = end;
            continue;
        }
        if (block.finds && !vector_append(blocks, &block))
            return NO_MEMORY;
        block = (Block){start, end, *at, *finds + 1};
    }
    if (!result)
        *at = hay->len;
    return block.finds && !vector_append(blocks, &block) ? NO_MEMORY : result < 0 ? result : OK;
}

/* How many matches begin in a block of lines. They may look a little past it, as in ripgrep. */
static int matches_in_block(const Engine *engine, Cache *cache, const Hay *hay, const Block *block, size_t *count)
{
    Hay within = {hay->data, hay->len - block->end > LOOK_AHEAD ? block->end + LOOK_AHEAD : hay->len};
    Walk walk = {block->start, NOWHERE};
    Span found;
    int result;
    for (*count = 0; (result = search_next(engine, cache, &within, within.len, &walk, &found)) == 1; ++*count)
        if (found.start >= block->end)
            return OK;
    return result;
}

int search_block_matches(const Engine *engine, Cache *cache, const Hay *hay, uint8_t term, size_t *counted,
                         size_t *matches)
{
    Vector blocks = {.size = sizeof(Block)};
    Block last = {0, 0, 0, 0};
    size_t at = 0, finds = 0, count;
    int result = OK;
    for (*counted = *matches = 0; result >= OK && at < hay->len;) {
        blocks.count = 0;
        result = search_blocks(engine, cache, hay, term, last.end, &at, FINDS, &blocks, &finds);
        for (size_t i = 0; i <= blocks.count && result >= OK; i++) {
            bool is_end = i == blocks.count;
            const Block *block = is_end ? NULL : (Block *)blocks.items + i;
            if (is_end && at < hay->len)
                break; /* what comes next may adjoin */
            if (!is_end && last.finds && block->start <= last.end) {
                last.end = block->end;
                continue;
            }
            if (last.start < last.end && (result = matches_in_block(engine, cache, hay, &last, &count)) >= OK) {
                ++*counted;
                *matches += count ? count : 1;
            }
            if (!is_end)
                last = *block;
        }
    }
    free(blocks.items);
    return result < OK ? result : OK;
}
