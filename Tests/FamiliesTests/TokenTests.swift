import Families
import Models
import Tensors
import Testing

@Suite struct TokenTests {
    @Test func `end tokens are a number or a list, and those of generation go first`() throws {
        let text = configuration("llama", ["eos_token_id": "[2, 3, 2]"])
        #expect(try model(text).endTokens == [2, 3])
        #expect(try model(text, ["generation_config.json": "{\"eos_token_id\": 7}"]).endTokens == [7])
        #expect(
            try model(text, ["generation_config.json": "{\"eos_token_id\": [8, 9], \"pad_token_id\": 5}"]).endTokens
                == [8, 9])
        #expect(
            try model(text, ["generation_config.json": "{\"eos_token_id\": [8, 9], \"pad_token_id\": 5}"]).paddingToken
                == 5)
        #expect(try model(text, ["generation_config.json": "{\"temperature\": 0.6}"]).endTokens == [2, 3])
    }

    @Test func `absent ids are the family's, null ones are none, and none is outside of the vocabulary`() throws {
        let absent = try model(configuration("llama"))
        #expect((absent.beginToken, absent.endTokens) == (1, [2]))
        let null = try model(configuration("llama", ["bos_token_id": "null", "pad_token_id": "null"]))
        #expect((null.beginToken, null.paddingToken) == (nil, nil))
        let outside = try model(
            configuration("llama", ["bos_token_id": "40", "pad_token_id": "-1", "eos_token_id": "[1, 40]"]))
        #expect((outside.beginToken, outside.paddingToken) == (nil, nil))
        #expect(outside.endTokens == [1])
        #expect(try model(configuration("gpt2")).endTokens == [])
    }

    @Test(
        arguments: [
            ("torch_dtype", "float16", DType.f16), ("dtype", "bfloat16", .bf16), ("torch_dtype", "float32", .f32),
            ("torch_dtype", "auto", nil),
        ] as [(String, String, DType?)]) func `the type is read under its old and its new name`(
            key: String, name: String, dtype: DType?
        ) throws
    {
        #expect(try model(configuration("llama", [key: "\"\(name)\""])).dtype == dtype)
    }

    @Test func `dropout of attention's weights, which is not computed, is told`() throws {
        let note =
            "attn_pdrop is 0.1, where config.json has no such key: attention's weights are not dropped in training, as with attn_pdrop: 0"
        #expect(try model(configuration("gpt2")).notes == [note])
        #expect(try model(configuration("gpt2", ["attn_pdrop": "0.0"])).notes == [])
        #expect(
            try model(configuration("llama", ["attention_dropout": "0.25"])).notes
                == [
                    "attention_dropout is 0.25: attention's weights are not dropped in training, as with attention_dropout: 0"
                ])
    }

    @Test func `a GPT-2's other dropouts are layers`() throws {
        let usual = try model(configuration("gpt2")).sequential.resolvedYAML()
        #expect(usual.ranges(of: "dropout: 0.1").count == 1 + 2 * 3)
        let none = try model(configuration("gpt2", ["embd_pdrop": "0.0", "resid_pdrop": "0"])).sequential.resolvedYAML()
        #expect(!none.contains("dropout"))
    }
}
