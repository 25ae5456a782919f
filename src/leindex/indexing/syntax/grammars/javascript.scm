; grammar: tree_sitter_javascript.language
; visibility: words

(class_declaration name: (_) @name) @class
(class name: (_) @name) @class
(function_declaration name: (_) @name) @function
(generator_function_declaration name: (_) @name) @function
(method_definition name: [(property_identifier) (private_property_identifier)] @name) @method
(field_definition property: (_) @name) @field

(function_expression name: (_) @name) @function
(generator_function name: (_) @name) @function

; A member by a quoted name, or one that is computed of a constant: ['a'], [Symbol.iterator].
(method_definition name: [(string (string_fragment) @name) (computed_property_name [(string (string_fragment) @name) (member_expression) @name])]) @method
(field_definition property: [(string (string_fragment) @name) (computed_property_name [(string (string_fragment) @name) (member_expression) @name])]) @field
(pair key: (computed_property_name (string (string_fragment) @name)) value: [(arrow_function) (function_expression) (generator_function)]) @method
(assignment_expression left: (subscript_expression object: (_) @within index: (string (string_fragment) @name))
  right: [(arrow_function) (function_expression) (generator_function)]) @method

; A function under the name it is given to.
(variable_declarator name: (identifier) @name value: [(arrow_function) (function_expression) (generator_function)]) @function
(variable_declarator name: (identifier) @name value: (class)) @class
(assignment_expression left: (identifier) @name right: [(arrow_function) (function_expression)]) @function
(assignment_expression left: (member_expression object: (_) @within property: [(property_identifier) (private_property_identifier)] @name)
  right: [(arrow_function) (function_expression) (generator_function)]) @method
(assignment_expression left: (member_expression object: (_) @within property: (property_identifier) @name) right: (class)) @class
(pair key: (property_identifier) @name value: [(arrow_function) (function_expression) (generator_function)]) @method
(pair key: (string (string_fragment) @name) value: [(arrow_function) (function_expression) (generator_function)]) @method

; Variables of the module; those of functions are local.
(program (lexical_declaration kind: "const" (variable_declarator name: (identifier) @name) @constant))
(program (lexical_declaration kind: "let" (variable_declarator name: (identifier) @name) @variable))
(program (variable_declaration (variable_declarator name: (identifier) @name) @variable))
(program (export_statement declaration: (lexical_declaration kind: "const" (variable_declarator name: (identifier) @name) @constant)))
(program (export_statement declaration: (lexical_declaration kind: "let" (variable_declarator name: (identifier) @name) @variable)))
(program (export_statement declaration: (variable_declaration (variable_declarator name: (identifier) @name) @variable)))
(program (lexical_declaration (variable_declarator name: [
  (object_pattern (shorthand_property_identifier_pattern) @name)
  (object_pattern (pair_pattern value: (identifier) @name))
  (array_pattern (identifier) @name)]) @constant))
(program (export_statement (lexical_declaration (variable_declarator name: [
  (object_pattern (shorthand_property_identifier_pattern) @name)
  (object_pattern (pair_pattern value: (identifier) @name))
  (array_pattern (identifier) @name)]) @constant)))

; Properties of an object that a module's variable holds.
(program (lexical_declaration (variable_declarator value: (object (pair key: [(property_identifier) @name (string (string_fragment) @name) (computed_property_name (string (string_fragment) @name))]) @property))))
(program (variable_declaration (variable_declarator value: (object (pair key: [(property_identifier) @name (string (string_fragment) @name) (computed_property_name (string (string_fragment) @name))]) @property))))
(program (export_statement (lexical_declaration (variable_declarator value: (object (pair key: [(property_identifier) @name (string (string_fragment) @name) (computed_property_name (string (string_fragment) @name))]) @property)))))
(program (export_statement value: (object (pair key: [(property_identifier) @name (string (string_fragment) @name) (computed_property_name (string (string_fragment) @name))]) @property)))

; calls
(call_expression function: (identifier) @call)
(call_expression function: (member_expression property: [(property_identifier) (private_property_identifier)] @call))
(new_expression constructor: (identifier) @call)
(new_expression constructor: (member_expression property: (property_identifier) @call))

; references
(call_expression function: [(identifier) (member_expression)] @call)
(new_expression constructor: [(identifier) (member_expression)] @new)
(jsx_opening_element name: [(identifier) (member_expression)] @call)
(jsx_self_closing_element name: [(identifier) (member_expression)] @call)
(class_heritage [(identifier) (member_expression)] @base)
(decorator [(identifier) (member_expression)] @decorator)
(import_statement) @import
(export_statement source: (_)) @export
(export_statement (export_clause)) @export
(export_statement "default") @export
(variable_declarator name: [(identifier) (object_pattern)] value: [(call_expression) (new_expression) (identifier) (member_expression) (await_expression) (array) (object) (string)]) @assign
(assignment_expression left: [(identifier) (member_expression)] right: [(call_expression) (new_expression) (identifier) (member_expression) (await_expression) (object)]) @assign
(field_definition) @assign
(return_statement [(call_expression) (new_expression) (identifier) (member_expression)] @returned)
(for_in_statement) @loop
(arguments (identifier) @value)
(pair value: (identifier) @value)
(shorthand_property_identifier) @value
