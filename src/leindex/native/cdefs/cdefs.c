/* c_symbols: the definitions in a file of C, without a grammar.
 *
 * C cannot be parsed without its preprocessor, and most C is read by tools that never run it. So this does what such
 * tools do: it cuts the file into statements outside of bodies, skips bodies by counting braces (clex.c), and decides
 * from the shape of a statement's head what it defines. Macros that stand for attributes or for whole definitions do
 * not confuse it, as they do a grammar, and it runs at the speed of memory rather than of a parser.
 */
#include "cdefs/cdefs.h"

enum { MAX_TOKENS = 256, MAX_NEST = 40, OLD_STYLE_LIMIT = 4000 };

typedef struct {
    Token tokens[MAX_TOKENS];
    int count;
    int in_value;    /* behind an `=`: nothing is declared until the next comma */
    int32_t unnamed; /* the struct without a name in this statement, or -1 */
} Statement;

/* A function in the old style, whose parameters are declared between its head and its body. */
typedef struct {
    int known;
    Span name;
    uint32_t start, count;
} OldStyle;

static int statement(Reader *r, int32_t owner, int nest, OldStyle *old);

static const char *const AGGREGATES[] = {"struct", "union", "enum", NULL};
static const char *const NO_NAMES[] = {
    "if",     "else",   "while",  "for",      "do",     "switch", "return", "sizeof",   "case",     "default", "goto",
    "static", "extern", "const",  "volatile", "inline", "int",    "char",   "short",    "long",     "signed",  "void",
    "float",  "double", "struct", "union",    "enum",   "typedef", "unsigned", "register", "defined", NULL};
/* The previous token in [low, at) that is no attribute and no attribute's argument; -1 when there is none. */
static int before(const Reader *r, const Token *t, int low, int at)
{
    for (int i = at - 1; i >= low; i--) {
        int annotated = i > low && t[i].kind == T_GROUP && !t[i].pointed.end;
        if (annotated && (cd_is_attribute(r, &t[i - 1]) || (i - 2 >= low && t[i - 2].kind == T_INDEX)))
            i--; /* __attribute__((...)), name[] SECTION(...) */
        else if (!cd_is_attribute(r, &t[i]))
            return i;
    }
    return -1;
}

static Span span_of(const Token *t)
{
    return (Span){t->start, t->end};
}

static int is_name(const Reader *r, const Token *t)
{
    return t->kind == T_WORD && !cd_one_of(r, t, NO_NAMES);
}

/* The name that one declarator, the tokens [low, high), gives; 0 when it declares nothing that counts. `typed`: a type
 * was named further left already; `prototypes`: `name(...)` counts. */
static int declared_name(const Reader *r, const Token *t, int low, int high, int typed, int prototypes, Span *name)
{
    for (int i = low; i < high; i++)
        if (t[i].kind == T_EQUALS || t[i].kind == T_COLON)
            high = i;
    int i = before(r, t, low, high);
    while (i >= low && t[i].kind == T_INDEX)
        i = before(r, t, low, i);
    if (i < low)
        return 0;
    if (t[i].kind == T_GROUP) {
        int inner = before(r, t, low, i);
        if (inner >= low && t[inner].kind == T_GROUP && t[inner].pointed.end) {
            *name = t[inner].pointed; /* (*name)(...) */
            return prototypes || !t[inner].pointed_call;
        }
        if (t[i].pointed.end && (i + 1 < high && t[i + 1].kind == T_INDEX)) {
            *name = t[i].pointed; /* (*name)[...] */
            return 1;
        }
        if (!prototypes || inner < low || !is_name(r, &t[inner]))
            return 0;
        i = inner;
    } else if (t[i].kind != T_WORD && i > low && t[i].kind == T_BODY) {
        return 0;
    }
    if (!is_name(r, &t[i]))
        return 0;
    for (int k = i - 1; k >= low && !typed; k--) {
        if (cd_one_of(r, &t[k], AGGREGATES) && k == i - 1)
            return 0; /* the word is the name of a struct */
        typed = t[k].kind == T_BODY || t[k].kind == T_WORD || t[k].kind == T_GROUP;
    }
    *name = span_of(&t[i]);
    return typed;
}

/* Where the definition with this name starts: a macro without a semicolon may stand in front of it in the head. */
static uint32_t head_start(const Reader *r, const Statement *s, uint32_t name)
{
    int first = 0;
    for (int i = 0; i + 1 < s->count && s->tokens[i].end <= name; i++)
        if (s->tokens[i].kind == T_GROUP && i > 0 && !cd_is_attribute(r, &s->tokens[i - 1]))
            first = i + 1;
    return s->tokens[first].start;
}

static int has_word(const Reader *r, const Statement *s, const char *word)
{
    for (int i = 0; i < s->count; i++)
        if (s->tokens[i].kind == T_WORD && cd_same(r, s->tokens[i].start, s->tokens[i].end, word))
            return 1;
    return 0;
}

/* What a macro such as DEFINE_MUTEX(x) defines, when [0, count) ends with one. */
static int defined_by_macro(const Reader *r, const Statement *s, int in_struct, Span *name)
{
    int last = s->count;
    for (int i = 0; i < s->count; i++)
        if (s->tokens[i].kind == T_EQUALS)
            last = i;
    last = before(r, s->tokens, 0, last);
    if (last < 1 || s->tokens[last].kind != T_GROUP)
        return 0;
    const Token *macro = &s->tokens[last - 1], *group = &s->tokens[last];
    if (macro->kind != T_WORD || !cd_capitals(r, macro) || !group->first.end)
        return 0;
    if (in_struct) {
        if (!cd_begins(r, macro, "DECLARE_") && !cd_begins(r, macro, "__DECLARE_"))
            return 0;
        *name = cd_holds(r, macro, "FLEX_ARRAY") ? group->second : group->first;
        return name->end > name->start;
    }
    int declares = cd_begins(r, macro, "DECLARE_") && !cd_holds(r, macro, "PER_CPU") && !cd_holds(r, macro, "STATIC");
    if (!cd_holds(r, macro, "DEFINE") && !declares && !cd_holds(r, macro, "_HEAD") && !cd_holds(r, macro, "_ATTR")
        && !cd_begins(r, macro, "TRACE_EVENT"))
        return 0;
    int second = cd_holds(r, macro, "PER_CPU") || cd_begins(r, macro, "DEFINE_EVENT");
    *name = second ? group->second : group->first;
    return name->end > name->start;
}

/* A statement that ended with a semicolon: variables, fields, typedefs, or nothing. */
static void declare(Reader *r, Statement *s, int32_t owner, OldStyle *old)
{
    Token *t = s->tokens;
    int in_struct = owner >= 0, is_typedef = has_word(r, s, "typedef"), part = 0, found = 0, equals = 0;
    if (s->count == 0)
        return;
    for (int i = 0; i < s->count; i++)
        equals |= t[i].kind == T_EQUALS;
    if (!in_struct && !is_typedef && !equals && !old->known) {
        for (int i = 1; i + 1 < s->count; i++)
            if (t[i].kind == T_GROUP && is_name(r, &t[i - 1]) && !cd_is_attribute(r, &t[i - 1])
                && !cd_capitals(r, &t[i - 1]) && t[i].first.end && t[i + 1].kind == T_WORD && !cd_is_attribute(r, &t[i + 1])) {
                *old = (OldStyle){1, span_of(&t[i - 1]), head_start(r, s, t[i - 1].start), r->count};
                break;
            }
    }
    Span name;
    Kind kind = is_typedef ? K_TYPE : in_struct ? K_FIELD : K_VARIABLE;
    if (!is_typedef && defined_by_macro(r, s, in_struct, &name)) {
        int32_t added = cd_add_def(r, kind, name, t[0].start, r->at, owner);
        if (added >= 0)
            r->defs[added].is_static = (uint8_t)has_word(r, s, "static");
        return;
    }
    if (!is_typedef && !in_struct && !equals && has_word(r, s, "extern"))
        return;
    for (int i = 0; i <= s->count; i++) {
        if (i < s->count && t[i].kind != T_COMMA)
            continue;
        if (declared_name(r, t, part, i, part > 0, is_typedef, &name) && name.end - name.start <= MAX_NAME) {
            int32_t added = cd_add_def(r, kind, name, head_start(r, s, name.start), r->at, owner);
            if (added >= 0)
                r->defs[added].is_static = (uint8_t)has_word(r, s, "static");
            if (!found++ && s->unnamed >= 0) {
                r->defs[s->unnamed].alias = name.start;
                r->defs[s->unnamed].alias_end = name.end;
            }
        }
        part = i + 1;
    }
}

static void enumerators(Reader *r, int32_t owner)
{
    int expected = 1;
    while (cd_skip_blank(r) && r->text[r->at] != '}') {
        unsigned char c = (unsigned char)r->text[r->at];
        Token group;
        if (cd_is_word_start(c)) {
            uint32_t start = r->at;
            Span name = cd_read_word(r);
            if (!expected)
                continue;
            expected = 0;
            if (cd_skip_blank(r) && r->text[r->at] == '(' && cd_read_group(r, &group) && group.first.end)
                name = group.first; /* MACRO(name, ...) */
            cd_add_def(r, K_ENUMERATOR, name, start, r->at, owner);
        } else if (c == '"' || c == '\'') {
            cd_skip_quoted(r);
        } else if (c == '(') {
            cd_read_group(r, &group);
        } else if (c == '{') {
            cd_skip_body(r);
        } else {
            expected |= c == ',';
            if (c == ';')
                return; /* no enum after all */
            r->at++;
        }
    }
}

/* The keyword of the struct, union or enum whose body a brace opens here; -1 when it opens something else. */
static int aggregate(const Reader *r, const Statement *s)
{
    for (int i = s->count - 1; i >= 0; i--) {
        const Token *t = &s->tokens[i];
        if (t->kind == T_WORD && cd_one_of(r, t, AGGREGATES))
            return i;
        int argument = t->kind == T_GROUP && i > 0 && (cd_is_attribute(r, t - 1) || cd_capitals(r, t - 1));
        if (t->kind != T_WORD && t->kind != T_COLON && !argument)
            return -1;
    }
    return -1;
}

static void read_aggregate(Reader *r, Statement *s, int keyword, int32_t owner, int nest, OldStyle *old)
{
    const Token *t = s->tokens;
    int last = keyword + 1;
    while (last < s->count && t[last].kind != T_COLON)
        last++;
    last = before(r, t, keyword + 1, last);
    Span name = last > keyword && t[last].kind == T_WORD ? span_of(&t[last]) : (Span){0, 0};
    char first = r->text[t[keyword].start];
    Kind kind = first == 's' ? K_STRUCT : first == 'u' ? K_UNION : K_ENUM;
    int32_t self = cd_add_def(r, kind, name, t[keyword].start, r->at, owner);
    if (self < 0)
        return;
    if (name.end == name.start && s->unnamed < 0)
        s->unnamed = self;
    r->at++;
    if (kind == K_ENUM)
        enumerators(r, self);
    else
        while (!r->failed && statement(r, self, nest + 1, old))
            ;
    if (r->at < r->end && r->text[r->at] == '}')
        r->at++;
    r->defs[self].end = r->at;
}

/* The name of the function whose body a brace opens here, and where its definition starts; 0 when it is none. */
static int function_head(const Reader *r, const Statement *s, Span *name, uint32_t *start)
{
    const Token *t = s->tokens;
    int g = s->count - 1;
    for (;; g--) {
        while (g >= 0 && t[g].kind != T_GROUP)
            g--;
        if (g < 0)
            return 0;
        if (g > 0 && cd_is_attribute(r, &t[g - 1]))
            continue;
        if (g >= 3 && t[g - 1].kind == T_WORD && t[g - 2].kind == T_GROUP && t[g - 3].kind == T_WORD
            && !cd_is_attribute(r, &t[g - 3]))
            continue; /* name(...) ANNOTATION(...) */
        break;
    }
    if (g > 0 && t[g - 1].kind == T_GROUP && t[g - 1].pointed_call) {
        *name = t[g - 1].pointed; /* type (*name(...))(...) */
        *start = head_start(r, s, name->start);
        return 1;
    }
    if (g < 1 || !is_name(r, &t[g - 1]))
        return 0;
    const Token *word = &t[g - 1], *group = &t[g];
    *name = span_of(word);
    *start = head_start(r, s, word->start);
    if (cd_capitals(r, word) && group->first_alone && !cd_same(r, group->first.start, group->first.end, "void")) {
        int second = group->second.end && cd_begins(r, word, "TEST"); /* TEST_F(fixture, name) */
        *name = second ? group->second : group->first;
    }
    return 1;
}

/* A brace in a statement's head; 1 when the statement goes on behind it. */
static int open_brace(Reader *r, Statement *s, int32_t owner, int nest, OldStyle *old)
{
    Span name;
    uint32_t start = r->at, brace = r->at;
    int keyword = s->in_value || nest >= MAX_NEST ? -1 : aggregate(r, s);
    int goes_on = 1;
    if (s->in_value) {
        cd_skip_body(r);
        return 1;
    }
    if (keyword >= 0) {
        read_aggregate(r, s, keyword, owner, nest, old);
    } else if (s->count >= 2 && s->tokens[s->count - 1].kind == T_TEXT && has_word(r, s, "extern")) {
        r->at++; /* extern "C": what is inside counts as outside */
        return 0;
    } else {
        int known = owner < 0 && function_head(r, s, &name, &start);
        if (!known && owner < 0 && s->count == 0 && old->known && brace - old->start < OLD_STYLE_LIMIT) {
            known = 1;
            name = old->name;
            start = old->start;
            r->count = old->count;
        }
        int32_t self = known ? cd_add_def(r, K_FUNCTION, name, start, brace, -1) : -1;
        if (self >= 0)
            r->defs[self].is_static = (uint8_t)has_word(r, s, "static");
        cd_skip_body(r);
        if (self >= 0)
            r->defs[self].end = r->at;
        goes_on = 0;
    }
    old->known = 0;
    if (goes_on && s->count < MAX_TOKENS)
        s->tokens[s->count++] = (Token){.kind = T_BODY, .start = brace, .end = r->at};
    return goes_on;
}

/* Adds the token at `at` to a statement; of a head that is too long its newer half is kept. */
static void read_token(Reader *r, Statement *s)
{
    unsigned char c = (unsigned char)r->text[r->at];
    Token token = {.kind = T_OTHER, .start = r->at};
    if (cd_is_word_start(c)) {
        token.kind = T_WORD;
        cd_read_word(r);
    } else if (c == '(' || c == '[') {
        if (!cd_read_group(r, &token))
            return;
    } else if (c == '"' || c == '\'') {
        token.kind = T_TEXT;
        cd_skip_quoted(r);
    } else if (c >= '0' && c <= '9') {
        cd_read_word(r);
    } else {
        r->at++;
        token.kind = c == '=' ? T_EQUALS : c == ',' ? T_COMMA : c == ':' ? T_COLON : c == '*' ? T_STAR : T_OTHER;
    }
    if (token.kind == T_COMMA)
        s->in_value = 0;
    else if (s->in_value)
        return;
    s->in_value = token.kind == T_EQUALS;
    token.end = r->at;
    if (s->count == MAX_TOKENS) {
        memmove(s->tokens, s->tokens + MAX_TOKENS / 2, sizeof(Token) * (MAX_TOKENS - MAX_TOKENS / 2));
        s->count -= MAX_TOKENS / 2;
    }
    s->tokens[s->count++] = token;
}

/* Reads one statement of a file or, with an owner, of a struct; 0 at the end of either. */
static int statement(Reader *r, int32_t owner, int nest, OldStyle *old)
{
    Statement s;
    s.count = s.in_value = 0;
    s.unnamed = -1;
    while (cd_skip_blank(r)) {
        char c = r->text[r->at];
        if (c == ';') {
            r->at++;
            declare(r, &s, owner, old);
            return 1;
        }
        if (c == '}') {
            if (owner >= 0)
                return 0;
            r->at++;
            return 1;
        }
        if (c != '{')
            read_token(r, &s);
        else if (!open_brace(r, &s, owner, nest, old))
            return 1;
    }
    return 0;
}

void cd_read_definitions(Reader *r)
{
    OldStyle old = {0};
    while (!r->failed && statement(r, -1, 0, &old))
        ;
}
