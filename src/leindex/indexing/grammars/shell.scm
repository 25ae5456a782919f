; grammar: tree_sitter_bash.language

(function_definition name: (_) @name) @function
(program (variable_assignment name: (variable_name) @name) @variable)
(program (declaration_command (variable_assignment name: (variable_name) @name)) @variable)
(command name: (command_name (word) @_call) argument: (concatenation . (word) @name) (#eq? @_call "alias")) @function

; calls
(command name: (command_name (word) @call))
