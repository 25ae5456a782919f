"""Prompts: ways of working with the tools that a person can pick by name."""

from __future__ import annotations

from typing import Final

from ..records import record


@record(frozen=True, slots=True)
class PromptTemplate:
    """A prompt with one argument, which stands as {value} in the text."""

    name: str
    title: str
    description: str
    argument: str
    argument_description: str
    text: str


PROMPTS: Final = (
    PromptTemplate(
        "explain_symbol",
        "Explain a symbol",
        "What a function, class or type does, who uses it, and what to know before changing it.",
        "name",
        "The name of a definition, such as Parser.parse",
        "Explain `{value}` in this code base. Find its definition with find_symbol (source=true, "
        "references=true), read what its code depends on, then say what it does, who uses it and for "
        "what, and what a change to it would touch. Cite places as path:line.",
    ),
    PromptTemplate(
        "find_out",
        "Find out how something works",
        "Answers a question about the code base with evidence.",
        "question",
        "A question such as: how are retries limited?",
        "Answer this question about the code base: {value}\n"
        "Start with search_code (try plain=true for the question as it stands, and queries with the "
        "likely names), read the passages that matter with read_file, check with grep that nothing else "
        "does the same, then answer. Cite places as path:line and say what you did not check.",
    ),
)


def prompt_text(prompt: PromptTemplate, value: str) -> str:
    """The prompt with its argument."""
    return prompt.text.replace("{value}", value)
