; grammar: tree_sitter_lua.language

(function_declaration name: (identifier) @name) @function
(function_declaration name: (dot_index_expression table: (_) @within field: (_) @name)) @function
(function_declaration name: (method_index_expression table: (_) @within method: (_) @name)) @method
(assignment_statement (variable_list . name: (identifier) @name) (expression_list . value: (function_definition))) @function
(assignment_statement (variable_list . name: (dot_index_expression table: (_) @within field: (_) @name))
  (expression_list . value: (function_definition))) @function
(variable_declaration (assignment_statement (variable_list . name: (identifier) @name)
  (expression_list . value: (binary_expression right: (function_definition))))) @function
(field name: (identifier) @name value: [(function_definition) (binary_expression right: (function_definition))]) @function
(field name: (string content: (_) @name) value: (function_definition)) @function
(chunk (assignment_statement (variable_list name: (identifier) @name)) @variable)
(chunk (variable_declaration (assignment_statement (variable_list name: (identifier) @name))) @variable)
(chunk (assignment_statement (variable_list name: (dot_index_expression table: (_) @within field: (_) @name))) @field)

; calls
(function_call name: (identifier) @call)
(function_call name: (dot_index_expression field: (identifier) @call))
(function_call name: (method_index_expression method: (identifier) @call))
