extension ChatTemplate {
    /// Templates for models whose folder holds none.
    ///
    ///     ChatTemplate.named["chatml"]
    package static let named: [String: String] = [
        "chatml": """
        {%- for message in messages -%}
            {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' -}}
        {%- endfor -%}
        {%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif -%}
        """,
        "llama-2": alternating(
            system: "{%- set first = '<<SYS>>\\n' + messages[0].content + '\\n<</SYS>>\\n\\n' -%}",
            user: "bos_token + '[INST] ' + (prefix + message.content).strip() + ' [/INST]'",
            assistant: "' ' + message.content.strip() + ' ' + eos_token"),
        "mistral-v1": "{{- bos_token -}}"
            + alternating(
                system: "{%- set first = messages[0].content + '\\n\\n' -%}",
                user: "' [INST] ' + prefix + message.content + ' [/INST]'",
                assistant: "' ' + message.content + eos_token"),
        "mistral-v3": "{{- bos_token -}}"
            + alternating(
                system: "{%- set last = messages[0].content + '\\n\\n' -%}",
                user: "'[INST] ' + prefix + message.content + '[/INST]'",
                assistant: "' ' + message.content.strip() + eos_token"),
        "llama-3": """
        {{- bos_token -}}
        {%- for message in messages -%}
            {{- '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' + message.content.strip() -}}
            {{- '<|eot_id|>' -}}
        {%- endfor -%}
        {%- if add_generation_prompt -%}
            {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
        {%- endif -%}
        """,
        "gemma": "{{- bos_token -}}"
            + alternating(
                system: "{%- set first = messages[0].content + '\\n\\n' -%}",
                user: "'<start_of_turn>user\\n' + prefix + message.content.strip() + '<end_of_turn>\\n'",
                assistant: "'<start_of_turn>model\\n' + message.content.strip() + '<end_of_turn>\\n'")
            + "{%- if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif -%}",
        "glm-4": """
        {{- '[gMASK]<sop>' -}}
        {%- for message in messages -%}
            {{- '<|' + message.role + '|>\\n' + message.content -}}
        {%- endfor -%}
        {%- if add_generation_prompt %}{{ '<|assistant|>' }}{% endif -%}
        """,
    ]

    /// A template for users and assistants in turns, whose system message goes into a user's: `first` or `last`.
    private static func alternating(system: String, user: String, assistant: String) -> String {
        """
        {%- set first = '' -%}
        {%- set last = '' -%}
        {%- set turns = messages -%}
        {%- if messages[0].role == 'system' -%}
            \(system)
            {%- set turns = messages[1:] -%}
        {%- endif -%}
        {%- for message in turns -%}
            {%- if message.role != ('assistant' if loop.index0 % 2 else 'user') -%}
                {{- raise_exception('expected user and assistant in turns behind at most one system message') -}}
            {%- endif -%}
            {%- set prefix = (first if loop.first else '') + (last if loop.last else '') -%}
            {{- \(user) if message.role == 'user' else \(assistant) -}}
        {%- endfor -%}
        """
    }

    /// One of `named`.
    /// - Throws: for a name that is none of them.
    package init(named name: String, specialTokens: [String: String] = [:]) throws(TokenizerError) {
        guard let text = Self.named[name] else {
            throw .unsupported(
                path: "chat template", what: shownToken(name),
                supported: "a file, or one of " + Self.named.keys.sorted().joined(separator: ", "))
        }
        try self.init(text, path: "chat template \(name)", specialTokens: specialTokens)
    }
}
