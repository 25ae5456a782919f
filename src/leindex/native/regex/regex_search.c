/* How a search goes about it.
 *
 * A pattern that is nothing but literals (with looks at its ends, perhaps) never enters the automaton. A pattern
 * whose matches stay within a line is only tried on lines that hold a literal it needs, or a rare beginning of a
 * match, or are long enough for one. Everything else runs the automaton over the whole text.
 */
#include "native.h"
#include "regex/regex.h"

#define LONG_MATCH 100 /* bytes; few lines are that long, and telling by length alone is cheap */

/* Choosing lines by windows or length is trusted while it pays: every byte passed over adds to the trust, up to a
 * limit, and every line tried in vain takes as much as trying it costs. Without trust the automaton looks at all. */
#define TRUST_MAX 16384
#define TRY_COST 200

static bool has(const Engine *engine, uint32_t flag)
{
    return engine->program->flags & flag;
}

void cache_free(Cache *cache)
{
    dfa_free(cache->forward);
    dfa_free(cache->backward);
    pike_free(cache->pike);
    free(cache);
}

static size_t line_end(const Hay *hay, size_t at, size_t end)
{
    const uint8_t *hit = at < end ? memchr(hay->data + at, '\n', end - at) : NULL;
    return hit ? (size_t)(hit - hay->data) : end;
}

static int forward(const Engine *engine, Cache *cache, const Hay *hay, size_t start, size_t end, bool earliest,
                   size_t *found)
{
    if (!cache->forward && !(cache->forward = dfa_new(engine->forward)))
        return NO_MEMORY;
    return dfa_forward(cache->forward, hay, start, end, false, earliest, found);
}

/* The leftmost-first match of hay[start..end] by automaton. */
static int automaton(const Engine *engine, Cache *cache, const Hay *hay, size_t start, size_t end, Span *found)
{
    int result = forward(engine, cache, hay, start, end, found == NULL, found ? &found->end : &(size_t){0});
    if (result != 1 || !found)
        return result;
    if (!cache->backward && !(cache->backward = dfa_new(engine->backward)))
        return NO_MEMORY;
    return dfa_backward(cache->backward, hay, start, found->end, &found->start);
}

static int exact(const Engine *engine, const Hay *hay, size_t start, size_t end, Span *found)
{
    const Literals *set = engine->literals;
    uint32_t before = engine->program->looks_before, after = engine->program->looks_after, which = 0;
    for (size_t at = start; (at = literals_find(set, hay->data, at, end, &which)) != NOWHERE; at++) {
        if (before && looks_at(hay, at, before) != before)
            continue;
        for (uint32_t i = which; i < set->count; i++) {
            if (i > which && !literal_at(&set->items[i], hay->data, at, end))
                continue;
            size_t stop = at + set->items[i].len;
            if (after && looks_at(hay, stop, after) != after)
                continue;
            if (found)
                *found = (Span){at, stop};
            return 1;
        }
    }
    return 0;
}

/* Whether the lines worth a look are found without the automaton. */
static bool chooses_lines(const Engine *engine)
{
    return has(engine, PROGRAM_LINE_SAFE) &&
           (engine->literals || engine->windows || engine->program->min_len >= LONG_MATCH);
}

const char *search_strategy(const Engine *engine)
{
    if (has(engine, PROGRAM_EXACT))
        return "literals";
    if (!chooses_lines(engine))
        return engine->literals ? "texts with literals" : "automaton";
    return engine->literals ? "lines with literals" : engine->windows ? "lines with windows" : "long lines";
}

/* A place in hay[at..end] on the first line that may hold a match: 1 found, 0 not, or a Status. */
static int next_place(const Engine *engine, Cache *cache, const Hay *hay, size_t at, size_t end, size_t *place)
{
    if (engine->literals) {
        *place = literals_find(engine->literals, hay->data, at, end, &(uint32_t){0});
        return *place != NOWHERE;
    }
    int result;
    if (cache->trust < 0) {
        result = forward(engine, cache, hay, at, end, true, place);
    } else {
        *place = engine->windows ? windows_find(engine->windows, hay->data, at, end)
                                 : long_line_find(hay, engine->program->min_len, at, end);
        result = *place != NOWHERE;
    }
    cache->trust += (int64_t)((result == 1 ? *place : end) - at);
    if (cache->trust > TRUST_MAX)
        cache->trust = TRUST_MAX;
    return result;
}

/* The first match on a line of hay[start..end] that is worth a look; the line goes to the cache. */
static int on_lines(const Engine *engine, Cache *cache, const Hay *hay, size_t start, size_t end, Span *found)
{
    for (size_t at = start; at <= end;) {
        int result = next_place(engine, cache, hay, at, end, &at);
        if (result != 1)
            return result;
        cache->line_start = line_start(hay, start, at);
        if (at >= cache->line_end || cache->line_end > end)
            cache->line_end = line_end(hay, at, end);
        result = automaton(engine, cache, hay, cache->line_start, cache->line_end, found);
        if (result)
            return result;
        cache->trust -= TRY_COST;
        at = cache->line_end + 1;
    }
    return 0;
}

static int search(const Engine *engine, Cache *cache, const Hay *hay, size_t start, size_t end, Span *found)
{
    if (start > end || end - start < engine->program->min_len)
        return 0;
    if (has(engine, PROGRAM_EXACT))
        return exact(engine, hay, start, end, found);
    if (chooses_lines(engine))
        return on_lines(engine, cache, hay, start, end, found);
    if (engine->literals && literals_find(engine->literals, hay->data, start, end, &(uint32_t){0}) == NOWHERE)
        return 0;
    return automaton(engine, cache, hay, start, end, found);
}

bool vector_append(Vector *v, const void *item)
{
    if (v->count == v->cap) {
        size_t cap = v->cap ? v->cap * 2 : 16;
        void *items = realloc(v->items, cap * v->size);
        if (!items)
            return false;
        v->items = items;
        v->cap = cap;
    }
    memcpy((char *)v->items + v->count++ * v->size, item, v->size);
    return true;
}

static void forget_line(Cache *cache)
{
    cache->line_start = 1;
    cache->line_end = 0;
}

int search_is_match(const Engine *engine, Cache *cache, const Hay *hay)
{
    forget_line(cache);
    return search(engine, cache, hay, 0, hay->len, NULL);
}

int search_find(const Engine *engine, Cache *cache, const Hay *hay, size_t start, size_t end, Span *found)
{
    forget_line(cache);
    return search(engine, cache, hay, start, end, found);
}

int search_rest(const Engine *engine, Cache *cache, const Hay *rest, size_t shift, Span *found)
{
    cache->line_end = cache->line_end > shift ? cache->line_end - shift : 0;
    return search(engine, cache, rest, 0, rest->len, found);
}

int search_next(const Engine *engine, Cache *cache, const Hay *hay, size_t stop, Walk *walk, Span *found)
{
    if (walk->last == NOWHERE)
        forget_line(cache);
    while (walk->at <= stop) {
        int result = search(engine, cache, hay, walk->at, stop, found);
        if (result <= 0)
            return result;
        if (found->start != found->end || found->end != walk->last) {
            walk->at = walk->last = found->end;
            return 1;
        }
        walk->at++;
    }
    return 0;
}

int search_all(const Engine *engine, Cache *cache, const Hay *hay, size_t at, size_t stop, size_t limit,
               Vector *spans)
{
    Walk walk = {at, NOWHERE};
    Span found;
    int result = 0;
    while (spans->count < limit && (result = search_next(engine, cache, hay, stop, &walk, &found)) == 1)
        if (!vector_append(spans, &found))
            return NO_MEMORY;
    return result < 0 ? result : 0;
}

/* Where a line's text ends, given where its newline is: with CRLF, before the carriage return too. */
static size_t text_end(const Engine *engine, const Hay *hay, size_t start, size_t newline)
{
    bool cut = has(engine, PROGRAM_CRLF) && newline > start && newline < hay->len && hay->data[newline - 1] == '\r';
    return newline - cut;
}

/* Each line as a haystack of its own: for looks that tell a text's end from a line's. With CRLF a line that ends in
 * a bare newline keeps it, as in ripgrep. */
static int line_alone(const Engine *engine, Cache *cache, const Hay *hay, size_t from, bool spans, Line *line)
{
    for (size_t start = from; start < hay->len;) {
        size_t newline = line_end(hay, start, hay->len), stop = text_end(engine, hay, start, newline);
        bool keeps = has(engine, PROGRAM_CRLF) && stop == newline && newline < hay->len;
        Hay alone = {hay->data + start, stop - start + keeps};
        Span found = {0, 0};
        forget_line(cache);
        int result = search(engine, cache, &alone, 0, alone.len, spans ? &found : NULL);
        if (result) {
            *line = (Line){0, start, stop, start + found.start, start + found.end};
            return result;
        }
        start = newline + 1;
    }
    return 0;
}

/* The next matching line, as offsets in a haystack that begins with a line. */
static int next_line(const Engine *engine, Cache *cache, const Hay *hay, bool spans, Line *line)
{
    Span found = {0, 0};
    size_t at = 0;
    forget_line(cache);
    bool chosen = chooses_lines(engine);
    if (chosen) {
        bool is_exact = has(engine, PROGRAM_EXACT);
        int result = search(engine, cache, hay, 0, hay->len, spans || is_exact ? &found : NULL);
        if (result != 1)
            return result;
        at = is_exact ? found.start : cache->line_start;
    } else {
        int result = forward(engine, cache, hay, 0, hay->len, true, &at);
        if (result != 1)
            return result;
    }
    size_t start = line_start(hay, 0, at), newline = line_end(hay, at, hay->len);
    if (start == hay->len)
        return 0; /* after the last newline there is no line */
    if (spans && !chosen) {
        int result = automaton(engine, cache, hay, start, newline, &found);
        if (result < 0)
            return result;
    }
    *line = (Line){0, start, text_end(engine, hay, start, newline), found.start, found.end};
    return 1;
}

static int search_line(const Engine *engine, Cache *cache, const Hay *hay, size_t from, bool spans, Line *line)
{
    if (!has(engine, PROGRAM_LINE_SAFE) || has(engine, PROGRAM_TEXT_ANCHOR))
        return line_alone(engine, cache, hay, from, spans, line);
    /* Looks do not see what is before `from`: a continuation byte there may not make sense of the newline. */
    Hay rest = {hay->data + from, hay->len - from};
    int result = next_line(engine, cache, &rest, spans, line);
    if (result == 1) {
        line->start += from;
        line->end += from;
        line->match_start += from;
        line->match_end += from;
    }
    return result;
}

int search_lines(const Engine *engine, Cache *cache, const Hay *hay, bool invert, bool spans, size_t limit,
                 Vector *out, size_t *count)
{
    size_t at = 0, counted = 0, number = 1;
    *count = 0;
    while (at < hay->len && *count < limit) {
        Line line = {0};
        int result = search_line(engine, cache, hay, at, spans, &line);
        if (result < 0)
            return result;
        size_t stop = result ? line.start : hay->len;
        for (; invert && at < stop && *count < limit; ++*count) {
            const uint8_t *hit = memchr(hay->data + at, '\n', hay->len - at);
            size_t end = hit ? (size_t)(hit - hay->data) : hay->len;
            if (out && !vector_append(out, &(Line){number, at, text_end(engine, hay, at, end), at, at}))
                return NO_MEMORY;
            at = end + 1;
            number++;
        }
        if (!result)
            break;
        if (invert) {
            number++;
        } else if (++*count, out) {
            number += newlines_count(hay->data + counted, line.start - counted);
            counted = line.start;
            line.number = number;
            if (!vector_append(out, &line))
                return NO_MEMORY;
        }
        const uint8_t *hit = line.end < hay->len ? memchr(hay->data + line.end, '\n', hay->len - line.end) : NULL;
        at = hit ? (size_t)(hit - hay->data) + 1 : hay->len;
    }
    return OK;
}

/* How many matches a line holds, searched alone; at the end of the text an empty one is none. */
static int matches_on_line(const Engine *engine, Cache *cache, const Hay *hay, const Line *line, size_t *count)
{
    Hay alone = {hay->data + line->start, line->end - line->start};
    size_t end = line->end == hay->len ? alone.len : NOWHERE;
    Walk walk = {0, NOWHERE};
    Span found;
    int result;
    for (*count = 0; (result = search_next(engine, cache, &alone, alone.len, &walk, &found)) == 1;)
        *count += found.start != end;
    return result;
}

int search_matches(const Engine *engine, Cache *cache, const Hay *hay, size_t *lines, size_t *matches)
{
    *lines = *matches = 0;
    for (size_t at = 0; at < hay->len;) {
        Line line = {0};
        size_t count = 0;
        int result = search_line(engine, cache, hay, at, false, &line);
        if (result <= 0)
            return result;
        if ((result = matches_on_line(engine, cache, hay, &line, &count)) < 0)
            return result;
        ++*lines;
        *matches += count ? count : 1; /* a look at the line's end may match there and not in the line alone */
        at = line_end(hay, line.end, hay->len) + 1;
    }
    return OK;
}

int search_content(const Engine *engine, Cache *cache, const uint8_t *data, size_t len)
{
    if (len >= 2 && (!memcmp(data, "\xFF\xFE", 2) || !memcmp(data, "\xFE\xFF", 2)))
        return UNTOLD;
    size_t mark = len >= 3 && !memcmp(data, "\xEF\xBB\xBF", 3) ? 3 : 0, count;
    Hay hay = {data + mark, len - mark};
    int result = search_lines(engine, cache, &hay, false, false, 1, NULL, &count);
    if (result < 0 || !count)
        return result;
    return memchr(data, 0, len) ? UNTOLD : MATCHES;
}
