; grammar: tree_sitter_typescript.language_tsx
; patterns: typescript
