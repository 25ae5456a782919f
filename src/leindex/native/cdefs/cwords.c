/* What the words of a C declaration look like: annotations, macros, and plain comparisons. */
#include "cdefs/cdefs.h"

int cd_same(const Reader *r, uint32_t start, uint32_t end, const char *word)
{
    return end - start == strlen(word) && memcmp(r->text + start, word, end - start) == 0;
}

int cd_one_of(const Reader *r, const Token *t, const char *const *words)
{
    for (; *words; words++)
        if (cd_same(r, t->start, t->end, *words))
            return 1;
    return 0;
}

int cd_holds(const Reader *r, const Token *t, const char *part)
{
    size_t length = strlen(part);
    for (uint32_t i = t->start; i + length <= t->end; i++)
        if (memcmp(r->text + i, part, length) == 0)
            return 1;
    return 0;
}

int cd_begins(const Reader *r, const Token *t, const char *part)
{
    size_t length = strlen(part);
    return t->end - t->start >= length && memcmp(r->text + t->start, part, length) == 0;
}

int cd_capitals(const Reader *r, const Token *t)
{
    int seen = 0;
    for (uint32_t i = t->start; i < t->end; i++) {
        char c = r->text[i];
        if (c >= 'a' && c <= 'z')
            return 0;
        seen |= c >= 'A' && c <= 'Z';
    }
    return seen && t->end - t->start > 2;
}

/* Annotations that stand among the words of a declaration. Only what is known is passed over: names such as
 * `__init_work` look the same. */
static const char *const ATTRIBUTES[] = {
    "__attribute__", "__attribute", "__declspec", "__init", "__exit", "__initdata", "__initconst", "__exitdata",
    "__init_or_module", "__initdata_or_module", "__initconst_or_module", "__meminit", "__meminitdata", "__cpuinit",
    "__devinit", "__devexit", "__net_init", "__net_exit", "__net_initdata", "__aligned", "__section", "__unused",
    "__maybe_unused", "__always_unused", "__used", "__packed", "__read_mostly", "__ro_after_init", "__percpu",
    "__iomem", "__user", "__kernel", "__rcu", "__weak", "__deprecated", "__force", "__printf", "__scanf", "__acquires",
    "__releases", "__acquire", "__release", "__must_check", "__must_hold", "__cold", "__hot", "__visible", "__ref",
    "__refdata", "__refconst", "__asm__", "__asm", "asm", "__noreturn", "__malloc", "__alloc_size", "__assume_aligned",
    "__hidden", "__counted_by", "__guarded_by", "__nonstring", "__restrict", "__restrict__", "__page_aligned_data",
    "__page_aligned_bss", "__bss", "__designated_init", "__randomize_layout", "__no_randomize_layout", "__nocast",
    "__bitwise", "__private", "__pure", "__attribute_const__", "__nosavedata", "__latent_entropy", "__sched",
    "__kprobes", "__irq_entry", "__lockfunc", "__always_inline", "__inline", "__inline__", "__noclone", "__no_kcsan",
    "__extension__", "__typeof__", "__typeof", "typeof", "_Alignas", "alignas", "noinline", "__cdecl", "__stdcall",
    "__cpuidle", "__entry_text", "__noinstr_section", "__data", "__softirq_entry", "__purgatory_ro_after_init", NULL};
static const char *const ATTRIBUTE_BEGINNINGS[] = {"__no_sanitize", "____cacheline", "__cacheline", "__GCC_", NULL};

int cd_is_attribute(const Reader *r, const Token *t)
{
    char first = r->text[t->start];
    if (t->kind != T_WORD || (first != '_' && first != 'a' && first != 't' && first != 'n'))
        return 0;
    for (const char *const *beginning = ATTRIBUTE_BEGINNINGS; *beginning; beginning++)
        if (cd_begins(r, t, *beginning))
            return 1;
    return cd_one_of(r, t, ATTRIBUTES);
}
