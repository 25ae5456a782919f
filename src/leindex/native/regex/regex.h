/* The matcher: from a serialized pattern (regex/program.py) to matches in bytes.
 *
 * Semantics are those of Rust's regex crate: leftmost, then the first alternative. Nothing outside this folder includes
 * this; others call add_regex() and add_lines() of native.h. A file calls only files of the rows below its own, and in a
 * row only those to its right:
 *
 *     regex.c        the Python type                     lines.c        counting lines, printing matching ones
 *     regex_blocks.c blocks of lines that matches touch
 *     regex_search.c puts these together:
 *     regex_dfa.c    determinizes the NFA lazily, forward to find where a match ends and backward to find where it
 *                    starts; over regex_states.c, which makes the states (regex_dfa.h is between these two)
 *     regex_pike.c   simulates the NFA to find capture groups
 *     regex_nfa.c    builds a Thompson NFA over bytes; over regex_utf8.c (classes) and these over regex_insts.c
 *                    (regex_nfa.h is between these three)
 *     regex_windows.c lines that are worth a look        regex_bytes.c  sets of bytes
 *     regex_literal.c literals that a match must hold    regex_looks.c  what holds between two bytes (regex_words.h)
 */
#ifndef LEINDEX_REGEX_H
#define LEINDEX_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NONE UINT32_MAX
#define NOWHERE SIZE_MAX

/* What the engine can run out of. */
typedef enum { OK = 0, NO_MEMORY = -1, TOO_LARGE = -2, MALFORMED = -3 } Status;

/* The haystack: looks see all of it, whatever part is searched. */
typedef struct {
    const uint8_t *data;
    size_t len;
} Hay;

typedef struct {
    size_t start, end;
} Span;

/* ---- looks: the numbers of hir.LookKind, in its order ---- */
enum {
    LOOK_START_TEXT, LOOK_END_TEXT, LOOK_START_LINE, LOOK_END_LINE, LOOK_START_CRLF, LOOK_END_CRLF,
    LOOK_WORD, LOOK_NOT_WORD, LOOK_WORD_START, LOOK_WORD_END, LOOK_WORD_START_HALF, LOOK_WORD_END_HALF,
    LOOK_ASCII_WORD, LOOK_ASCII_NOT_WORD, LOOK_ASCII_WORD_START, LOOK_ASCII_WORD_END,
    LOOK_ASCII_WORD_START_HALF, LOOK_ASCII_WORD_END_HALF, LOOK_COUNT
};
#define BIT(look) (1u << (look))
#define LOOKS_TEXT (BIT(LOOK_START_TEXT) | BIT(LOOK_END_TEXT))
#define LOOKS_CRLF (BIT(LOOK_START_CRLF) | BIT(LOOK_END_CRLF))
#define LOOKS_LINE (BIT(LOOK_START_LINE) | BIT(LOOK_END_LINE) | LOOKS_CRLF)
#define LOOKS_UNICODE (63u << LOOK_WORD)
#define LOOKS_ASCII_WORD (63u << LOOK_ASCII_WORD)

/* Which of the looks in `wanted` hold between hay[at - 1] and hay[at]. */
uint32_t looks_at(const Hay *hay, size_t at, uint32_t wanted);

/* ---- the NFA ---- */
typedef enum { OP_BYTES, OP_SPARSE, OP_SPLIT, OP_UNION, OP_LOOK, OP_SAVE, OP_MATCH, OP_FAIL } Op;

/* One state. BYTES: lo, hi, out. SPARSE: edges[arg .. arg + count]. SPLIT: out first, then arg. UNION:
 * targets[arg .. arg + count] in order of preference. LOOK: lo is its number. SAVE: arg is the slot. */
typedef struct {
    uint8_t op, lo, hi;
    uint32_t count, out, arg;
} Inst;

typedef struct {
    uint8_t lo, hi;
    uint32_t out;
} Edge;

typedef struct {
    Inst *insts;
    Edge *edges;
    uint32_t *targets;
    size_t ninsts, nedges, ntargets, cap_insts, cap_edges, cap_targets;
    uint32_t start;    /* anchored */
    uint32_t floating; /* any bytes first, at the least preference */
    uint32_t looks;    /* which occur */
    bool reverse;
    uint8_t classes[256]; /* bytes that no state tells apart share a class */
    uint32_t nclasses;
} Nfa;

/* The parts of a serialized pattern; see regex/program.py. */
typedef struct {
    uint32_t flags, slots, looks_before, looks_after, min_len;
    const uint32_t *literals, *tree, *end;
    uint32_t nliterals;
} Program;

enum { PROGRAM_LINE_SAFE = 1, PROGRAM_TEXT_ANCHOR = 2, PROGRAM_CRLF = 4, PROGRAM_EXACT = 8, PROGRAM_FOLD = 16 };

Status program_open(Program *program, const void *data, size_t size);
Status nfa_build(Nfa *nfa, const Program *program, bool reverse, bool captures);
void nfa_free(Nfa *nfa);

/* ---- the lazy DFA: one is used by one thread at a time ---- */
typedef struct Dfa Dfa;
Dfa *dfa_new(const Nfa *nfa);
void dfa_free(Dfa *dfa);
/* Where the leftmost-first match in hay[start..end] ends (any match, if `earliest`): 1 found, 0 not, or a Status. */
int dfa_forward(Dfa *dfa, const Hay *hay, size_t start, size_t end, bool anchored, bool earliest, size_t *found);
/* The least start, not below `start`, of a match that ends at `end`. */
int dfa_backward(Dfa *dfa, const Hay *hay, size_t start, size_t end, size_t *found);

/* ---- the Pike VM ---- */
typedef struct Pike Pike;
Pike *pike_new(const Nfa *nfa, uint32_t slots);
void pike_free(Pike *pike);
/* Fills slots (NOWHERE for unset) of the leftmost-first match that starts at `start`: 1, 0 or a Status. */
int pike_captures(Pike *pike, const Hay *hay, size_t start, size_t end, size_t *slots);

/* ---- literals ---- */
typedef struct {
    uint8_t *bytes, *masks; /* a byte b stands for literal byte c if (b | mask) == c; masks are 0 or 0x20 */
    size_t len;
} Literal;

typedef struct Literals {
    Literal *items;
    uint32_t count;
    size_t min_len, max_len;
    uint32_t far_at, rare_at; /* one literal: two offsets to probe */
    bool teddy;
    uint32_t probes; /* several: how many leading bytes Teddy looks at */
    uint8_t low[3][16], high[3][16];
    uint32_t *bucket[8], bucket_len[8];
    uint8_t *pairs; /* without Teddy: bit set of the leading two bytes (or one) */
} Literals;

Status literals_build(Literals *set, const Program *program);
void literals_free(Literals *set);
/* The first place in hay[start..end] where a literal lies, the most preferred there in *which; or NOWHERE. */
size_t literals_find(const Literals *set, const uint8_t *hay, size_t start, size_t end, uint32_t *which);
bool literal_at(const Literal *literal, const uint8_t *hay, size_t at, size_t end);
size_t newlines_count(const uint8_t *data, size_t len);
void literal_choose_cpu(void);

/* A set of bytes to skip to. */
typedef struct {
    uint32_t count;
    uint8_t few[3];     /* the members, if they are no more than these */
    uint8_t low[2][16]; /* by low nibble: a bit for each high nibble, those below 8 and the others */
    bool member[256];
} ByteSet;
void byteset_build(ByteSet *set);
/* The first place in data[start..end] that holds a member, or `end`. */
size_t byteset_find(const ByteSet *set, const uint8_t *data, size_t start, size_t end);
/* About how often a byte occurs in source code, in hundredths of a percent. */
uint32_t byte_share(uint8_t byte);
extern bool cpu_has_avx2;

/* ---- patterns without literals (regex_windows.c) ---- */
#define WINDOW_MAX 8

/* How every match begins that has ASCII there: a byte of each of some sets. */
typedef struct {
    uint32_t length, nsets;
    uint8_t set_of[WINDOW_MAX];  /* by place in the window */
    uint8_t low[WINDOW_MAX][16]; /* a set, by low half byte: a bit for each high one */
} Windows;

/* 1 if the windows of a pattern that stays within a line are rare enough to look for, 0 if not, or NO_MEMORY. */
int windows_build(Windows *windows, const Nfa *nfa);
/* A place on the first line of data[start..end] that may hold a match, not after the end of the window; or NOWHERE. */
size_t windows_find(const Windows *windows, const uint8_t *data, size_t start, size_t end);
/* The start of the first line of hay[start..end] with at least so many bytes, `start` being one; or NOWHERE. */
size_t long_line_find(const Hay *hay, size_t least, size_t start, size_t end);
/* Where the line begins that hay[at] is on or ends; `floor` if that is before it. */
size_t line_start(const Hay *hay, size_t floor, size_t at);

/* ---- searching ---- */
typedef struct {
    void *items;
    size_t count, cap, size; /* size: of one item */
} Vector;

typedef struct {
    const Program *program;
    const Nfa *forward, *backward, *captures;
    const Literals *literals; /* NULL: no match needs any */
    const Windows *windows;   /* NULL: there are none that are worth looking for */
} Engine;

typedef struct Cache {
    struct Cache *next;
    Dfa *forward, *backward;
    Pike *pike;
    size_t line_start, line_end; /* the line looked at last, so that many finds in one long line stay linear */
    int64_t trust; /* in choosing lines by windows or length: see regex_search.c */
} Cache;

typedef struct {
    uint64_t number, start, end, match_start, match_end;
} Line;

/* Lines that matches touch; where the search is after the first of these, and how many matches there were until then. */
typedef struct {
    uint64_t start, end, after, finds;
} Block;

/* How this engine searches, in words; see _native.pyi. */
const char *search_strategy(const Engine *engine);
int search_is_match(const Engine *engine, Cache *cache, const Hay *hay);
int search_find(const Engine *engine, Cache *cache, const Hay *hay, size_t start, size_t end, Span *found);
/* The first match in the rest of a text, which counts as all of it, `shift` bytes after where the rest searched last with
 * this cache began (NOWHERE: it was another text); so that many finds in one long line stay linear. */
int search_rest(const Engine *engine, Cache *cache, const Hay *rest, size_t shift, Span *found);
/* Where a walk from match to match is, and where the match before ended: NOWHERE at the start. */
typedef struct {
    size_t at, last;
} Walk;

/* The next match in hay[walk->at..stop] that is not empty right where the one before it ended. */
int search_next(const Engine *engine, Cache *cache, const Hay *hay, size_t stop, Walk *walk, Span *found);
bool vector_append(Vector *v, const void *item);
/* Append to `spans` all matches in hay[at..stop], none of them empty right where the one before it ended. */
int search_all(const Engine *engine, Cache *cache, const Hay *hay, size_t at, size_t stop, size_t limit,
               Vector *spans);
/* Count the lines that match when searched alone (or, inverted, the others), up to `limit`; append them as Line to
 * `out` unless NULL. */
int search_lines(const Engine *engine, Cache *cache, const Hay *hay, bool invert, bool spans, size_t limit,
                 Vector *out, size_t *count);
/* Count the lines that match and the matches in them, each line searched alone. */
int search_matches(const Engine *engine, Cache *cache, const Hay *hay, size_t *lines, size_t *matches);
/* Append the blocks of lines that up to `limit` matches from *at on touch, those that adjoin as one; *at becomes where the
 * search is then, the end where there is no other match. Lines end with `term`. `before` is where the block found last
 * ended (0: none): what adjoins it is told from there on only, for the line may be long, and what ends before not. */
int search_blocks(const Engine *engine, Cache *cache, const Hay *hay, uint8_t term, size_t before, size_t *at,
                  size_t limit, Vector *blocks, size_t *finds);
/* Count the blocks that hold a line, and the matches that begin in them; at least one each. */
int search_block_matches(const Engine *engine, Cache *cache, const Hay *hay, uint8_t term, size_t *counted,
                         size_t *matches);
/* What can be told of a file's content: that no line matches, that one does, or nothing before it is decoded
 * (leindex/text.py) or a rule for NUL bytes is applied (exact/verify.py). */
enum { NO_MATCH, MATCHES, UNTOLD };
int search_content(const Engine *engine, Cache *cache, const uint8_t *data, size_t len);
void cache_free(Cache *cache);

#endif
