; grammar: tree_sitter_kotlin.language
; visibility: words
; blank: \b(?:actual|expect)\b(?=[ \t]+\w)|(?<=: )@\w+(?:\([^()\n]*\))?(?=[ \t])

(package_header (qualified_identifier) @name) @module
(class_declaration "interface" name: (_) @name) @interface
(class_declaration (modifiers (class_modifier "enum")) name: (_) @name) @enum
(class_declaration name: (_) @name) @class
(object_declaration name: (_) @name) @object
(companion_object name: (_) @name) @object
(enum_entry . (identifier) @name) @enumerator
(function_declaration name: (_) @name) @function
(property_declaration (variable_declaration . (identifier) @name)) @property
(class_parameter ["val" "var"] . (identifier) @name) @property
(type_alias type: (identifier) @name) @type

; calls
(call_expression . (identifier) @call)
(call_expression . (navigation_expression (identifier) @call .))
