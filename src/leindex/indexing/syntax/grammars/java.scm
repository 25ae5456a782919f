; grammar: tree_sitter_java.language
; visibility: words

(package_declaration [(scoped_identifier) (identifier)] @name) @module
(class_declaration name: (_) @name) @class
(record_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(annotation_type_declaration name: (_) @name) @interface
(annotation_type_element_declaration name: (_) @name) @method
(enum_declaration name: (_) @name) @enum
(enum_constant name: (_) @name) @enumerator
(method_declaration name: (_) @name) @method
(constructor_declaration name: (_) @name) @constructor
(compact_constructor_declaration name: (_) @name) @constructor
(field_declaration declarator: (variable_declarator name: (_) @name)) @field
(constant_declaration declarator: (variable_declarator name: (_) @name)) @constant
(record_declaration parameters: (formal_parameters (formal_parameter name: (_) @name) @field))

; calls
(method_invocation name: (identifier) @call)
(object_creation_expression type: [
    (type_identifier) @call
    (generic_type (type_identifier) @call)
    (scoped_type_identifier (type_identifier) @call .)])
(method_reference (identifier) @call .)
