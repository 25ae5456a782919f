; grammar: tree_sitter_zig.language
; visibility: words private

(variable_declaration . (identifier) @name (struct_declaration)) @struct
(variable_declaration . (identifier) @name (union_declaration)) @union
(variable_declaration . (identifier) @name (enum_declaration)) @enum
(variable_declaration . (identifier) @name (error_set_declaration)) @enum
(error_set_declaration (identifier) @name @enumerator)
(enum_declaration (container_field name: (_) @name) @enumerator)
(container_field name: (_) @name) @field
(function_declaration name: (_) @name) @function
(test_declaration [(string (string_content) @name) (identifier) @name]) @test
(variable_declaration "const" . (identifier) @name) @constant
(variable_declaration "var" . (identifier) @name) @variable

; calls
(call_expression function: (identifier) @call)
(call_expression function: (field_expression member: (identifier) @call))
