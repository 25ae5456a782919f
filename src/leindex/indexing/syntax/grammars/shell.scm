; grammar: tree_sitter_bash.language

(function_definition name: (_) @name) @function
(program (variable_assignment name: (variable_name) @name) @variable)
(program (declaration_command (variable_assignment name: (variable_name) @name)) @variable)
(command name: (command_name (word) @_call) argument: (concatenation . (word) @name) (#eq? @_call "alias")) @function
(command name: (command_name (word) @_call) . argument: (string (string_content) @name) (#eq? @_call "@test")) @test

; calls
(command name: (command_name (word) @call))
