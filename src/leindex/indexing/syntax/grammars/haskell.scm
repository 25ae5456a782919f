; grammar: tree_sitter_haskell.language
; clauses: merge
; blank: ^#.*

(header module: (_) @name) @module
(declarations (data_type name: (_) @name) @type)
(declarations (newtype name: (_) @name) @type)
(declarations (type_synonym name: (_) @name) @type)
(declarations (type_family name: (_) @name) @type)
(declarations (class name: (_) @name) @trait)
(data_constructor constructor: (_ name: (_) @name)) @enumerator
(gadt_constructor name: (_) @name) @enumerator
(newtype_constructor name: (_) @name) @enumerator
(field name: (field_name) @name) @field
(class_declarations (signature name: (_) @name) @method)
(declarations (signature name: (_) @name) @function)
(declarations (signature names: (binding_list (_) @name)) @function)
(declarations (function name: (_) @name) @function)
(declarations (bind name: (_) @name) @function)
(declarations (function (infix operator: (_) @name)) @function)
(instance name: (_) @name) @scope

; calls
(apply function: (variable) @call)
(apply function: (qualified id: (variable) @call))
