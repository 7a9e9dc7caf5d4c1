import Families
import Notation
import TestSupport
import Testing

/// What cannot be computed is refused by name, with its place, what stands there and what may.
@Suite struct RefusalTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let family: String
        let keys: [String: String?]
        /// Behind the place.
        let message: String

        init(_ family: String, _ keys: [String: String?], _ message: String) {
            (self.family, self.keys, self.message) = (family, keys, message)
        }

        var testDescription: String { "\(family): \(message)" }
    }

    static let cases: [Case] = [
        Case(
            "llama", ["model_type": "\"gemma2\""],
            "the family gemma2; expected gpt2, llama, mistral, qwen2, qwen3, gemma3_text, glm, glm4 or chatglm"),
        Case(
            "gemma3", ["text_config": "{}"],
            "the family gemma3, whose files hold what sees images too; expected gemma3_text: its language model alone"),
        Case("llama", ["model_type": nil], "it lacks the key \"model_type\"; expected model_type"),
        Case(
            "llama", ["model_type": "7"],
            "the family 7; expected gpt2, llama, mistral, qwen2, qwen3, gemma3_text, glm, glm4 or chatglm"),
        Case(
            "llama", ["quantization_config": "{\"bits\": 4}"],
            "quantization_config is a mapping (bits); expected null, or no such key"),
        Case("llama", ["num_local_experts": "8"], "num_local_experts is 8; expected 0, null or no such key"),
        Case("llama", ["pretraining_tp": "2"], "pretraining_tp is 2; expected 1"),
        Case(
            "llama", ["per_layer_config": "{\"0\": {}}"],
            "per_layer_config is a mapping (0); expected null, or no such key"),
        Case(
            "gemma3_text", ["attn_logit_softcapping": "50.0"],
            "attn_logit_softcapping is 50.0; expected null, or no such key"),
        Case(
            "gemma3_text", ["use_bidirectional_attention": "true"],
            "use_bidirectional_attention is true; expected false"),
        Case("gpt2", ["add_cross_attention": "true"], "add_cross_attention is true; expected false"),
        Case("gpt2", ["pruned_heads": "{\"0\": [1]}"], "pruned_heads is a mapping (0); expected no heads"),
        Case(
            "gpt2", ["activation_function": "\"quick_gelu\""],
            "activation_function is \"quick_gelu\"; expected silu, swish, gelu, gelu_python, gelu_new, gelu_pytorch_tanh, gelu_python_tanh, gelu_fast, gelu_accurate, relu, tanh or sigmoid"
        ),
        Case(
            "llama", ["hidden_act": "\"relu2\""],
            "hidden_act is \"relu2\"; expected silu, swish, gelu, gelu_python, gelu_new, gelu_pytorch_tanh, gelu_python_tanh, gelu_fast, gelu_accurate, relu, tanh or sigmoid"
        ),
        Case(
            "llama", ["rope_scaling": "{\"type\": \"dynamic\", \"factor\": 2.0}"],
            "rope_scaling.type is \"dynamic\"; expected default, linear, llama3 or yarn"),
        Case(
            "llama", ["rope_scaling": "{\"rope_type\": \"longrope\"}"],
            "rope_scaling.rope_type is \"longrope\"; expected default, linear, llama3 or yarn"),
        Case(
            "qwen2", ["rope_scaling": "{\"type\": \"mrope\", \"mrope_section\": [1, 2]}"],
            "rope_scaling.type is \"mrope\"; expected default, linear, llama3 or yarn"),
        Case(
            "llama", ["rope_scaling": "{\"type\": \"linear\"}"],
            "rope_scaling lacks the key \"factor\"; expected factor"),
        Case(
            "llama", ["rope_parameters": "{\"full_attention\": {\"rope_theta\": 1e4}}"],
            "rope_parameters.full_attention is a rotation of its own; expected one rotation for all layers"),
        Case("llama", ["partial_rotary_factor": "0.5"], "partial_rotary_factor is 0.5; expected 1, or no such key"),
        Case(
            "glm", ["head_dim": "12", "partial_rotary_factor": "0.25"],
            "3 of the 12 numbers of a head turn with its position; expected an even number of them"),
        Case(
            "glm", ["partial_rotary_factor": "1.5"],
            "partial_rotary_factor is 1.5; expected a number above 0, at most 1"),
        Case(
            "llama", ["layer_types": "[\"full_attention\", \"full_attention\"]"],
            "layer_types has 2 entries; expected one for each of 3 layers"),
        Case(
            "llama", ["layer_types": "[\"full_attention\", \"full_attention\", \"sliding_attention\"]"],
            "layer_types has other types; expected full_attention alone, as llama has it"),
        Case(
            "qwen3", ["layer_types": "[\"full_attention\", \"linear_attention\", \"full_attention\"]"],
            "layer_types.1 is \"linear_attention\"; expected full_attention or sliding_attention"),
        Case(
            "qwen2", ["layer_types": "[\"full_attention\", \"sliding_attention\", \"full_attention\"]"],
            "layer_types has sliding_attention; expected a sliding_window, and use_sliding_window: true"),
        Case(
            "gemma3_text", ["sliding_window": "null"],
            "layers of the type sliding_attention, and sliding_window is null; expected a number"),
        Case("gemma3_text", ["sliding_window": "0"], "sliding_window is 0; expected a whole number of at least 1"),
        Case(
            "gemma3_text", ["rope_parameters": "{\"rope_theta\": 5e5}"],
            "rope_parameters.rope_theta beside the types of layers; expected full_attention, sliding_attention"),
        Case(
            "gemma3_text", ["sliding_window_pattern": "2", "rope_scaling": "{\"type\": \"linear\", \"factor\": 8.0}"],
            "rope_scaling.type is \"linear\" in quotes; expected rope_type, as gemma3_text reads it"),
        Case(
            "llama", ["num_key_value_heads": "3"],
            "attention: key_heads is 3, and the number of heads, 4, is no multiple of it; expected a divisor of heads; did you mean \"2\"?"
        ),
        Case("llama", ["hidden_size": "24.0"], "hidden_size is 24.0; expected a whole number of at least 1"),
        Case(
            "llama", ["hidden_size": "\"24\""],
            "hidden_size is \"24\" in quotes; expected a whole number of at least 1, without quotes"),
        Case("llama", ["hidden_size": "null"], "hidden_size is null; expected a value"),
        Case(
            "llama", ["hidden_size": "99999999999999999999"],
            "hidden_size is 99999999999999999999; expected a whole number from 1 to 16777216"),
        Case(
            "llama", ["hidden_size": "16777217"], "hidden_size is 16777217; expected a whole number from 1 to 16777216"),
        Case("llama", ["hidden_size": "3"], "4 heads of 3 channels together; expected at least one for each head"),
        Case(
            "llama", ["num_hidden_layers": "100000"],
            "num_hidden_layers is 100000; expected a whole number from 1 to 512"),
        Case(
            "llama", ["num_attention_heads": "257"], "num_attention_heads is 257; expected a whole number from 1 to 256"
        ),
        Case("llama", ["rms_norm_eps": "NaN"], "rms_norm_eps is NaN; expected a number above 0"),
        Case("llama", ["tie_word_embeddings": "1"], "tie_word_embeddings is 1; expected true or false"),
        Case("gpt2", ["embd_pdrop": "1.0"], "embd_pdrop is 1.0; expected a number of at least 0, below 1"),
    ]

    @Test(arguments: cases) func `a setting that is not computed is refused by name`(_ example: Case) throws {
        let folder = try folder(configuration(example.family, example.keys))
        let error = try #require(throws: ManifestError.self) { try FamilyModel(directory: folder.path) }
        let place = "\(folder.path)/config.json:\(error.mark.line):\(error.mark.column): "
        #expect(error.description == place + example.message)
        #expect(error.mark.line > 0)
    }

    private static let chatGLM: [String: String?] = [
        "inner_hidden_size": "40", "num_layers": "2", "bos_token_id": "33", "gmask_token_id": "31",
        "mask_token_id": "30",
    ]
    private static let chatGLM2: [String: String?] = [
        "padded_vocab_size": "40", "ffn_hidden_size": "20", "kv_channels": "8", "num_layers": "2",
        "multi_query_attention": "true",
    ]

    @Test(arguments: [
        Case(
            "chatglm", [:],
            "a chatglm of no known generation; expected padded_vocab_size (ChatGLM2 and 3) or inner_hidden_size (ChatGLM-6B)"
        ),
        Case(
            "chatglm", chatGLM.merging(["vocab_size": "150528"]) { $1 },
            "vocab_size is 150528: files of March 2023, whose code counts positions in another way; expected the files that replaced them, of vocab_size 130528"
        ),
        Case(
            "chatglm", chatGLM.merging(["position_encoding_2d": "false"]) { $1 },
            "position_encoding_2d is false; expected true"),
        Case(
            "chatglm", chatGLM.merging(["gmask_token_id": nil]) { $1 },
            "it lacks the key \"gmask_token_id\"; expected gmask_token_id"),
        Case(
            "chatglm", chatGLM.merging(["bos_token_id": "40"]) { $1 },
            "bos_token_id is 40; expected a whole number from 0 to 39"),
        Case(
            "chatglm", chatGLM.merging(["quantization_bit": "4"]) { $1 },
            "quantization_bit is 4; expected 0, null or no such key"),
        Case(
            "chatglm", chatGLM.merging(["pre_seq_len": "128"]) { $1 },
            "pre_seq_len is 128; expected 0, null or no such key"),
        Case("chatglm", chatGLM2.merging(["rmsnorm": "false"]) { $1 }, "rmsnorm is false; expected true"),
        Case(
            "chatglm", chatGLM2.merging(["add_bias_linear": "true"]) { $1 }, "add_bias_linear is true; expected false"),
        Case("chatglm", chatGLM2.merging(["original_rope": "false"]) { $1 }, "original_rope is false; expected true"),
        Case(
            "chatglm", chatGLM2.merging(["kv_channels": "6"]) { $1 },
            "kv_channels is 6; expected a multiple of 4: half of each head turns, in pairs"),
        Case(
            "chatglm", chatGLM2.merging(["multi_query_group_num": "3"]) { $1 },
            "attention: key_heads is 3, and the number of heads, 4, is no multiple of it; expected a divisor of heads; did you mean \"2\"?"
        ),
    ]) func `a ChatGLM that is not computed is refused by name`(_ example: Case) throws {
        let folder = try folder(configuration(example.family, example.keys))
        let error = try #require(throws: ManifestError.self) { try FamilyModel(directory: folder.path) }
        #expect(error.description.hasSuffix(": " + example.message))
    }

    @Test func `a ratio of rotations that two generations mean differently is refused, unless the tokenizer tells`()
        throws
    {
        let text = configuration("chatglm", Self.chatGLM2.merging(["rope_ratio": "50"]) { $1 })
        #expect(
            try model(text).notes == [
                "rope_ratio is 50.0, and no tokenizer lies beside config.json: taken for ChatGLM3's"
            ])
        #expect(try model(text, ["tokenizer_config.json": "{\"tokens\": [\"<|user|>\"]}"]).notes == [])
        #expect(
            try model(text, ["tokenizer.model": "", "tokenization_chatglm.py": "roles = ['<|user|>']"]).notes == [])
        for files in [["tokenizer.model": ""], ["tokenizer_config.json": "{}"]] {
            let error = #expect(throws: ManifestError.self) { try model(text, files) }
            #expect(
                error?.found.hasPrefix("rope_ratio is 50.0, and the tokenizer beside it has no token <|user|>") == true)
        }
    }

    @Test func `a folder without a configuration says so`() throws {
        let folder = try folder("{}")
        let error = #expect(throws: ManifestError.self) { try FamilyModel(directory: folder.path + "/nowhere") }
        #expect(
            error?.description
                == "\(folder.path)/nowhere/config.json: cannot be read: No such file or directory; expected a model's "
                + "configuration")
    }
}
