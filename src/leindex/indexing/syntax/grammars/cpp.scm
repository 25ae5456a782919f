; grammar: tree_sitter_cpp.language

(namespace_definition name: (_) @name) @namespace
(class_specifier name: [(type_identifier) @name (template_type name: (_) @name)] body: (_)) @class
(struct_specifier name: [(type_identifier) @name (template_type name: (_) @name)] body: (_)) @struct
(union_specifier name: [(type_identifier) @name (template_type name: (_) @name)] body: (_)) @union
(class_specifier name: (qualified_identifier scope: (_) @within name: [(type_identifier) @name (template_type name: (_) @name)]) body: (_)) @class
(struct_specifier name: (qualified_identifier scope: (_) @within name: [(type_identifier) @name (template_type name: (_) @name)]) body: (_)) @struct
(enum_specifier name: (_) @name body: (_)) @enum
(enumerator name: (_) @name) @enumerator
(concept_definition name: (_) @name) @type
(alias_declaration name: (_) @name) @type
(type_definition declarator: (_) @declarator) @type
(function_definition declarator: (_) @declarator) @function
(field_declaration declarator: (_) @declarator) @field
(field_declaration_list (declaration declarator: (function_declarator) @declarator) @method)
(field_declaration_list (template_declaration (declaration declarator: (function_declarator) @declarator) @method))

(translation_unit (declaration declarator: (_) @declarator) @variable)
(declaration_list (declaration declarator: (_) @declarator) @variable)
(preproc_if (declaration declarator: (_) @declarator) @variable)
(preproc_ifdef (declaration declarator: (_) @declarator) @variable)
(preproc_else (declaration declarator: (_) @declarator) @variable)
(template_declaration (declaration declarator: (init_declarator) @declarator) @variable)

; Macros come from the scanner of C, which knows preprocessor lines wherever they are.

; calls
(call_expression function: (identifier) @call)
(call_expression function: (field_expression field: (field_identifier) @call))
(call_expression function: (field_expression field: (template_method name: (_) @call)))
(call_expression function: (template_function name: (identifier) @call))
(call_expression function: (qualified_identifier name: (identifier) @call))
(call_expression function: (qualified_identifier name: (template_function name: (identifier) @call)))
(call_expression function: (qualified_identifier name: (qualified_identifier name: (identifier) @call)))
(new_expression type: (type_identifier) @call)
(new_expression type: (qualified_identifier name: (type_identifier) @call))
