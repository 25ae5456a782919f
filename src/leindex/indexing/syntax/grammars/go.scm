; grammar: tree_sitter_go.language
; visibility: capital

(function_declaration name: (_) @name) @function
(method_declaration receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @within
    (generic_type type: (type_identifier) @within)
    (pointer_type [(type_identifier) @within (generic_type type: (type_identifier) @within)])]))
  name: (_) @name) @method
(type_spec name: (_) @name type: (struct_type)) @struct
(type_spec name: (_) @name type: (interface_type)) @interface
(type_spec name: (_) @name) @type
(type_alias name: (_) @name) @type
(struct_type (field_declaration_list (field_declaration name: (_) @name) @field))
(interface_type (method_elem name: (_) @name) @method)
; A function under the name it is given to.
(var_spec . name: (identifier) @name . value: (expression_list . (func_literal) .)) @function
(var_spec . name: (identifier) @name type: (_) value: (expression_list . (func_literal) .)) @function
(short_var_declaration left: (expression_list . (identifier) @name .) right: (expression_list . (func_literal) .)) @function
(keyed_element key: (literal_element (identifier) @name) value: (literal_element (func_literal))) @method
(const_spec name: (identifier) @name) @constant
(var_spec name: (identifier) @name) @variable
(package_clause (package_identifier) @name) @module

; calls
(call_expression function: (identifier) @call)
(call_expression function: (selector_expression field: (field_identifier) @call))
(call_expression function: (type_instantiation_expression type: (type_identifier) @call))

; references
(call_expression function: [(identifier) (selector_expression)] @call)
(call_expression function: (index_expression operand: [(identifier) (selector_expression)] @call))
(call_expression function: (type_instantiation_expression type: (_) @call))
(composite_literal type: [(type_identifier) (qualified_type)] @new)
(field_declaration !name type: [(type_identifier) (qualified_type)] @base)
(type_elem [(type_identifier) (qualified_type)] @base)
(import_spec) @import
[(short_var_declaration) (var_spec) (field_declaration)] @assign
[(parameter_declaration) (variadic_parameter_declaration)] @param
(function_declaration result: (_) @returns)
(method_declaration result: (_) @returns)
(method_elem result: (_) @returns)
(range_clause) @loop
(argument_list (identifier) @value)
(literal_element (identifier) @value)
