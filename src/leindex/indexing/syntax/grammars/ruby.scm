; grammar: tree_sitter_ruby.language

(module name: (constant) @name) @module
(module name: (scope_resolution scope: (_) @within name: (_) @name)) @module
(class name: (constant) @name) @class
(class name: (scope_resolution scope: (_) @within name: (_) @name)) @class
(method name: (_) @name) @method
(singleton_method name: (_) @name) @method
(assignment left: (constant) @name) @constant
(assignment left: (left_assignment_list (constant) @name)) @constant
(assignment left: (scope_resolution scope: (_) @within name: (_) @name)) @constant
(alias name: (_) @name) @method
(call method: (identifier) @_call arguments: (argument_list . (simple_symbol) @name)
  (#any-of? @_call "alias_method" "define_method" "define_singleton_method")) @method
(call method: (identifier) @_call arguments: (argument_list (simple_symbol) @name)
  (#any-of? @_call "attr_accessor" "attr_reader" "attr_writer" "attr")) @property

; calls
(call method: (_) @call)
