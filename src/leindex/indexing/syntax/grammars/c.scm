; grammar: tree_sitter_c.language

(struct_specifier name: (_) @name body: (_)) @struct
(union_specifier name: (_) @name body: (_)) @union
(enum_specifier name: (_) @name body: (_)) @enum
(enumerator name: (_) @name) @enumerator
(type_definition declarator: (_) @declarator) @type
(function_definition declarator: (_) @declarator) @function
(field_declaration declarator: (_) @declarator) @field
(translation_unit (declaration declarator: (_) @declarator) @variable)
(translation_unit (preproc_if (declaration declarator: (_) @declarator) @variable))
(translation_unit (preproc_ifdef (declaration declarator: (_) @declarator) @variable))
(preproc_def name: (_) @name) @macro
(preproc_function_def name: (_) @name) @macro

; calls
(call_expression function: (identifier) @call)
(call_expression function: (field_expression field: (field_identifier) @call))
