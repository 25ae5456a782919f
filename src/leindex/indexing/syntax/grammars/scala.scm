; grammar: tree_sitter_scala.language
; visibility: words public

(package_clause name: (_) @name) @module
(package_object name: (_) @name) @object
(class_definition name: (_) @name) @class
(trait_definition name: (_) @name) @trait
(object_definition name: (_) @name) @object
(enum_definition name: (_) @name) @enum
(simple_enum_case name: (_) @name) @enumerator
(full_enum_case name: (_) @name) @enumerator
(function_definition name: (_) @name) @function
(function_declaration name: (_) @name) @function
(val_definition pattern: (identifier) @name) @variable
(val_definition pattern: (identifiers (identifier) @name)) @variable
(val_definition pattern: (tuple_pattern (identifier) @name)) @variable
(var_definition pattern: (identifier) @name) @variable
(val_declaration name: (_) @name) @variable
(var_declaration name: (_) @name) @variable
(given_definition name: (_) @name) @variable
(type_definition name: (_) @name) @type

; calls
(call_expression function: (identifier) @call)
(call_expression function: (field_expression field: (identifier) @call))
(call_expression function: (generic_function function: (identifier) @call))
(call_expression function: (generic_function function: (field_expression field: (identifier) @call)))
(instance_expression (type_identifier) @call)
(instance_expression (generic_type type: (type_identifier) @call))
