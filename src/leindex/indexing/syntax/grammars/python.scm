; grammar: tree_sitter_python.language
; visibility: underscore

(class_definition name: (identifier) @name) @class
(function_definition name: (identifier) @name) @function
(decorated_definition definition: (class_definition name: (identifier) @name)) @class
(decorated_definition definition: (function_definition name: (identifier) @name)) @function
(type_alias_statement left: (type (identifier) @name)) @type

; Assignments of a module or a class, also under its `if` and `try`; those of functions are local.
(module (expression_statement (assignment left: (identifier) @name) @variable))
(module (expression_statement (assignment left: (pattern_list (identifier) @name)) @variable))
(module (if_statement (block (expression_statement (assignment left: (identifier) @name) @variable))))
(module (if_statement (else_clause (block (expression_statement (assignment left: (identifier) @name) @variable)))))
(module (try_statement (block (expression_statement (assignment left: (identifier) @name) @variable))))
(module (try_statement (except_clause (block (expression_statement (assignment left: (identifier) @name) @variable)))))
(class_definition body: (block (expression_statement (assignment left: (identifier) @name) @field)))
(class_definition body: (block (if_statement (block (expression_statement (assignment left: (identifier) @name) @field)))))

; calls
(call function: (identifier) @call)
(call function: (attribute attribute: (identifier) @call))
(decorator (identifier) @call)
(decorator (attribute attribute: (identifier) @call))

; references
(call function: [(identifier) (attribute)] @call)
(class_definition superclasses: (argument_list [(identifier) @base (attribute) @base (subscript value: (_) @base)]))
(decorator [(identifier) (attribute)] @decorator)
[(import_statement) (import_from_statement)] @import
(assignment left: [(identifier) (attribute)] type: (_)) @assign
(assignment left: [(identifier) (attribute)] right: [(call) (identifier) (attribute) (await) (conditional_expression) (boolean_operator) (subscript)
  (string) (list) (dictionary) (set) (tuple) (integer) (list_comprehension) (dictionary_comprehension)]) @assign
(with_item value: (as_pattern) @assign)
(named_expression) @assign
[(typed_parameter) (typed_default_parameter)] @param
(function_definition return_type: (_) @returns)
(return_statement [(call) (identifier) (attribute)] @returned)
(for_statement left: (identifier) right: [(call) (identifier) (attribute)] @loop)
(argument_list (identifier) @value)
(keyword_argument value: (identifier) @value)
