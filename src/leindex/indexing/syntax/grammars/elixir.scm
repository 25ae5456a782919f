; grammar: tree_sitter_elixir.language
; clauses: merge

(call target: (identifier) @_call (arguments . (alias) @name) (#any-of? @_call "defmodule" "defprotocol")) @module
(call target: (identifier) @_call (arguments . (alias) @name) (#eq? @_call "defimpl")) @scope
(call target: (identifier) @_call
  (arguments . [
    (identifier) @name
    (call target: (identifier) @name)
    (binary_operator left: (call target: (identifier) @name) operator: "when")
    (binary_operator left: (identifier) @name operator: "when")])
  (#any-of? @_call "def" "defp" "defdelegate" "defn" "defnp")) @function
(call target: (identifier) @_call
  (arguments . [
    (identifier) @name
    (call target: (identifier) @name)
    (binary_operator left: (call target: (identifier) @name) operator: "when")
    (binary_operator left: (identifier) @name operator: "when")])
  (#any-of? @_call "defmacro" "defmacrop" "defguard" "defguardp")) @macro
(call target: (identifier) @_call (arguments . (string (quoted_content) @name)) (#eq? @_call "test")) @test
(unary_operator operator: "@" operand: (call target: (identifier) @_call
  (arguments . (binary_operator left: [(identifier) @name (call target: (identifier) @name)] operator: "::"))
  (#any-of? @_call "type" "typep" "opaque"))) @type
(unary_operator operator: "@" operand: (call target: (identifier) @_call
  (arguments . (binary_operator left: (call target: (identifier) @name) operator: "::"))
  (#any-of? @_call "callback" "macrocallback"))) @method

; calls
(call target: (identifier) @call)
(call target: (dot right: (identifier) @call))
