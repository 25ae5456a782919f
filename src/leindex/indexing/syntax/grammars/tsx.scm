; grammar: tree_sitter_typescript.language_tsx
; patterns: typescript

; references
(jsx_opening_element name: [(identifier) (member_expression)] @call)
(jsx_self_closing_element name: [(identifier) (member_expression)] @call)
