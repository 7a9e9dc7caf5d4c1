import Manifests
import Models
import Notation
import Testing

/// The exact message for each mistake a user is likely to make.
@Suite struct MistakeTests {
    struct Mistake: CustomTestStringConvertible, Sendable {
        var yaml: String
        var set: [String] = []
        var message: String
        var testDescription: String { message }
    }

    private static func change(_ changes: KeyValuePairs<String, String?>, _ message: String) -> Mistake {
        Mistake(yaml: Pipelines.yaml(changes), message: message)
    }

    private static func set(_ overrides: String..., message: String) -> Mistake {
        Mistake(yaml: Pipelines.yaml(), set: overrides, message: message)
    }

    @Test(arguments: mistakes) func `says what is wrong and what to write`(_ mistake: Mistake) {
        #expect(Pipelines.message(mistake.yaml, set: mistake.set) == mistake.message)
    }

    static let mistakes: [Mistake] = keys + values + layers + overrides

    private static let keys: [Mistake] = [
        change(
            ["microbatches": "8"],
            "p/x.yaml:6:1: unknown key \"microbatches\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, recompute, optimizer, learning_rate, clip, on_nan, deadlines, data, steps, seed, weights, log_every, events, sim or by_hand; did you mean \"batch.microbatches\"?"
        ),
        change(
            ["batch": "{micro: 2, microbatchs: 8}"],
            "p/x.yaml:3:19: unknown key \"microbatchs\" in batch; expected micro, microbatches or global; did you mean \"microbatches\"?"
        ),
        change(
            ["learning-rate": "{warmup: 2}"],
            "p/x.yaml:6:1: unknown key \"learning-rate\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, recompute, optimizer, learning_rate, clip, on_nan, deadlines, data, steps, seed, weights, log_every, events, sim or by_hand; did you mean \"learning_rate\"?"
        ),
        change(
            ["lr": "1e-3"],
            "p/x.yaml:6:1: unknown key \"lr\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, recompute, optimizer, learning_rate, clip, on_nan, deadlines, data, steps, seed, weights, log_every, events, sim or by_hand; did you mean \"optimizer.adamw.lr\"?"
        ),
        change(
            ["sequence": "8"],
            "p/x.yaml:6:1: unknown key \"sequence\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, recompute, optimizer, learning_rate, clip, on_nan, deadlines, data, steps, seed, weights, log_every, events, sim or by_hand; did you mean \"data.sequence\"?"
        ),
        change(
            ["warmup": "8"],
            "p/x.yaml:6:1: unknown key \"warmup\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, recompute, optimizer, learning_rate, clip, on_nan, deadlines, data, steps, seed, weights, log_every, events, sim or by_hand; did you mean \"learning_rate.warmup\"?"
        ),
        change(
            ["zebra": "8"],
            "p/x.yaml:6:1: unknown key \"zebra\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, recompute, optimizer, learning_rate, clip, on_nan, deadlines, data, steps, seed, weights, log_every, events, sim or by_hand"
        ),
        change(
            ["layers": "[relu]"],
            "p/x.yaml:6:1: unknown key \"layers\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, recompute, optimizer, learning_rate, clip, on_nan, deadlines, data, steps, seed, weights, log_every, events, sim or by_hand; did you mean \"model.layers\"?"
        ),
        change(
            ["steps": nil],
            "p/x.yaml:1:1: the manifest lacks the key \"steps\"; expected model, devices, batch, data and steps"),
        change(
            ["model": nil],
            "p/x.yaml:1:1: the manifest lacks the key \"model\"; expected model, devices, batch, data and steps"),
        change(
            ["batch": "{micro: 2}"],
            "p/x.yaml:3:8: batch gives only micro; expected two of micro, microbatches and global"),
        change(
            ["batch": "{micro: 2, microbatches: 8, global: 20}"],
            "p/x.yaml:3:44: batch.global is 20, but micro × microbatches is 2 × 8; expected their product, or one of the three left out; did you mean \"16\"?"
        ),
        change(
            ["batch": "{micro: 4, global: 30}"],
            "p/x.yaml:3:27: batch.global is 30, no multiple of batch.micro, which is 4; expected a multiple of 4; did you mean \"32\"?"
        ),
        change(
            ["batch": "8"], "p/x.yaml:3:8: batch is 8; expected a mapping with the keys micro, microbatches and global"),
        Mistake(
            yaml: Pipelines.yaml() + "steps: 6\n",
            message: "p/x.yaml:5:1: the key \"steps\" stands here and again below; expected it once"),
        change(
            ["data": "{text: a.txt, type: u16, sequence: 16}"],
            "p/x.yaml:4:21: data.type has no effect beside data.text; expected text, tokenizer, sequence and order only"
        ),
        change(
            ["data": "{text: a.txt, tokens: b.u16, sequence: 16}"],
            "p/x.yaml:4:7: data with 2 sources: text and tokens; expected one of text, tokens, random and rows"),
        change(
            ["data": "{sequence: 16}"],
            "p/x.yaml:4:7: data without a source; expected one of text, tokens, random and rows"),
        change(
            ["data": "{tokens: b.u16}"],
            "p/x.yaml:4:7: data.tokens without data.sequence; expected sequence: how many tokens a sample holds"),
        change(
            ["data": "{random: 16, sequence: 16}"],
            "p/x.yaml:4:7: 16 random tokens for a sequence of 16; expected at least one token more than the sequence; did you mean \"17\"?"
        ),
        change(
            ["data": "{text: [], sequence: 16}"],
            "p/x.yaml:4:14: data.text is an empty list; expected a list of text files"),
        change(
            ["data": "{rows: r.f32, inputs: 8}"],
            "p/x.yaml:4:14: data.rows with the loss cross-entropy; expected loss: mean-squared-error for rows"),
        change(
            ["sim": "{layer_ms: 20}"],
            "p/x.yaml:6:6: sim has no effect without sim devices; expected sim devices, or no sim"),
        change(
            ["devices": "[sim:0, sim:1]", "sim": "{slow: {stage: 2, ms: 5}}"],
            "p/x.yaml:6:21: sim.slow.stage is 2; expected a whole number from 0 to 1"),
        change(
            ["devices": "[sim:0, sim:1]", "sim": "{link: {from: 0, too: 1, ms: 5}}"],
            "p/x.yaml:6:23: unknown key \"too\" in sim.link; expected from, to or ms; did you mean \"to\"?"),
        change(
            ["devices": "[sim:0, sim:1]", "sim": "{layer_ms: 5, gflops: 1, read_ms: 0}"],
            "p/x.yaml:6:6: sim is a mapping (layer_ms, gflops and read_ms); expected either layer_ms or gflops"),
        change(
            ["devices": "[sim:0, sim:1]", "sim": "{read_ms: 0}"],
            "p/x.yaml:6:16: sim.read_ms is 0; expected a number above 0 and at most 3600000"),
        change(
            ["learning_rate": "{minimum: 1e-5}"],
            "p/x.yaml:6:17: learning_rate.minimum has no effect without a decay; expected warmup and decay only"
        ),
        change(
            ["optimizer": "{sgd: {dampening: 0.1}}"],
            "p/x.yaml:6:19: optimizer.sgd.dampening has no effect without momentum; expected lr, momentum and weight_decay only"
        ),
    ]

    private static let values: [Mistake] = [
        change(
            ["steps": "\"8\""],
            "p/x.yaml:5:8: steps is \"8\" in quotes; expected a whole number of at least 1, without quotes"),
        change(["steps": "0"], "p/x.yaml:5:8: steps is 0; expected a whole number of at least 1"),
        change(["steps": "1e3"], "p/x.yaml:5:8: steps is 1e3; expected a whole number of at least 1"),
        change(["steps": "1_000"], "p/x.yaml:5:8: steps is 1_000; expected a whole number of at least 1"),
        change(
            ["steps": "99999999999999999999"],
            "p/x.yaml:5:8: steps is 99999999999999999999; expected a whole number from 1 to 1099511627776"),
        change(["steps": "null"], "p/x.yaml:5:8: steps is empty; expected a whole number of at least 1"),
        change(["seed": "-1"], "p/x.yaml:6:7: seed is -1; expected a whole number from 0 to 18446744073709551615"),
        change(["on_nan": "halt"], "p/x.yaml:6:9: on_nan is halt; expected stop or skip"),
        change(
            ["deadlines": "{save: 0}"],
            "p/x.yaml:6:19: deadlines.save is 0; expected a number of seconds, from 1 to a year"),
        change(["clip": "0"], "p/x.yaml:6:7: clip is 0; expected a number above 0, or null for no clipping"),
        change(["clip": ".nan"], "p/x.yaml:6:7: clip is .nan; expected a number above 0, or null for no clipping"),
        change(["clip": ".inf"], "p/x.yaml:6:7: clip is .inf; expected a number above 0, or null for no clipping"),
        change(["clip": "1e999"], "p/x.yaml:6:7: clip is 1e999; expected a number above 0, or null for no clipping"),
        change(
            ["schedule": "1fb1"],
            "p/x.yaml:6:11: schedule is 1fb1; expected 1f1b, gpipe, interleaved, zb-h1, zb-h2, zb-v, v-half or {file: PATH}; did you mean \"1f1b\"?"
        ),
        change(
            ["precision": "bf61"],
            "p/x.yaml:6:12: precision is bf61; expected f32, bf16, f16 or {f16: {…}}; did you mean \"bf16\"?"),
        change(
            ["partition": "parameter"],
            "p/x.yaml:6:12: partition is parameter; expected uniform, parameters, flops, profile, type:REGEX or {cuts: [FIRST LAYER OF EACH STAGE BUT THE FIRST]}; did you mean \"parameters\"?"
        ),
        change(
            ["partition": "type:("],
            "p/x.yaml:6:12: partition is type:(; expected a regular expression behind type:, such as type:transformer"),
        change(
            ["partition": "{cuts: [1, 2]}"], "p/x.yaml:6:19: 2 cuts for 2 stages; expected 1, one less than devices"),
        change(
            ["partition": "{cuts: [3]}"], "p/x.yaml:6:20: partition.cuts.0 is 3; expected a whole number from 1 to 2"),
        change(
            ["partition": "{cut: [1]}"],
            "p/x.yaml:6:13: unknown key \"cut\" in partition; expected cuts; did you mean \"cuts\"?"),
        change(["devices": "[cpu:0, sim:0]"], "p/x.yaml:2:18: sim:0 beside cpu:0; expected devices of one kind"),
        change(
            ["devices": "[cpu]"],
            "p/x.yaml:2:11: unknown device \"cpu\"; expected cpu:CORE, cpu:FIRST-LAST or sim:NUMBER; did you mean \"cpu:0\"?"
        ),
        change(
            ["devices": "[cuda:0]"],
            "p/x.yaml:2:11: unknown device \"cuda:0\"; expected cpu:CORE, cpu:FIRST-LAST or sim:NUMBER"),
        change(
            ["devices": "[cpu:3-0]"],
            "p/x.yaml:2:11: devices.0 is cpu:3-0; expected cpu:CORE, cpu:FIRST-LAST or sim:NUMBER; did you mean \"cpu:0-3\"?"
        ),
        change(
            ["devices": "cpu:0"], "p/x.yaml:2:10: devices is cpu:0; expected a list of devices, such as [cpu:0, cpu:1]"),
        change(
            ["devices": "[]"],
            "p/x.yaml:2:10: devices is an empty list; expected a list of devices, such as [cpu:0, cpu:1]"),
        change(["by_hand": "[2]"], "p/x.yaml:6:11: by_hand.0 is 2; expected a whole number from 0 to 1"),
        change(["by_hand": "[1, 1]"], "p/x.yaml:6:14: rank 1 for the second time; expected it once"),
        change(
            ["optimizer": "adamm"],
            "p/x.yaml:6:12: optimizer is adamm; expected adamw, adam or sgd; did you mean \"adamw\"?"),
        change(["optimizer": "{adamw: {lr: 0}}"], "p/x.yaml:6:25: optimizer.adamw.lr is 0; expected a number above 0"),
        change(
            ["optimizer": "{adamw: {betas: [0.9, 1.0]}}"],
            "p/x.yaml:6:34: optimizer.adamw.betas.1 is 1.0; expected a number from 0 to below 1"),
        change(
            ["optimizer": "{adamw: {momentum: 0.9}}"],
            "p/x.yaml:6:21: unknown key \"momentum\" in optimizer.adamw; expected lr, betas, eps or weight_decay; did you mean \"optimizer.sgd.momentum\"?"
        ),
        change(
            ["optimizer": "{sgd: {nesterov: true}}"],
            "p/x.yaml:6:29: optimizer.sgd.nesterov is true, with momentum 0.0 and dampening 0.0; expected momentum above 0 and dampening 0 beside it"
        ),
        change(
            ["optimizer": "{sgd: {momentum: 0.9, nesterov: yes}}"],
            "p/x.yaml:6:44: optimizer.sgd.nesterov is yes; expected true or false; did you mean \"true\"?"),
        change(
            ["learning_rate": "{decay: cosin}"],
            "p/x.yaml:6:24: learning_rate.decay is cosin; expected constant, linear or cosine; did you mean \"cosine\"?"
        ),
        change(
            ["model": "missing.yaml"],
            "p/x.yaml:1:8: cannot read p/missing.yaml: No such file or directory; expected a readable manifest"),
    ]

    private static func layer(_ text: String, _ message: String, loss: String = "cross-entropy") -> Mistake {
        Mistake(yaml: Pipelines.yaml(["model": "{layers: [\(text)], loss: \(loss)}"]), message: message)
    }

    private static let layers: [Mistake] = [
        layer(
            "linera: {in: 1, out: 1}",
            "p/x.yaml:1:18: unknown layer \"linera\"; expected \(LayerKinds.names.joined(separator: ", ")) or repeat; did you mean \"linear\"?"
        ),
        layer("linear: {in: 1}", "p/x.yaml:1:26: linear lacks the key \"out\"; expected in and out"),
        layer(
            "linear: {inputs: 1, out: 1}",
            "p/x.yaml:1:27: unknown key \"inputs\" in linear; expected in, out or bias; did you mean \"in\"?"),
        layer("linear: {in: 0, out: 1}", "p/x.yaml:1:31: linear.in is 0; expected a whole number of at least 1"),
        layer("linear", "p/x.yaml:1:18: linear without a value; expected linear: {in: 64, out: 64}"),
        layer("relu: 3", "p/x.yaml:1:24: relu is 3; expected relu without a value"),
        layer("dropout: 1", "p/x.yaml:1:27: dropout is 1; expected a number from 0 to below 1"),
        layer("gelu: tan", "p/x.yaml:1:24: gelu is tan; expected tanh or erf; did you mean \"tanh\"?"),
        layer(
            "{linear: null, in: 4, out: 4}",
            "p/x.yaml:1:18: one layer is a mapping (linear, in and out); expected one kind of layer, its settings in braces or indented below it"
        ),
        layer(
            "attention: {width: 64, heads: 7}",
            "p/x.yaml:1:48: attention.heads is 7, and the width 64 is no multiple of it; expected a divisor of the width; did you mean \"4\"?"
        ),
        layer(
            "transformer: {width: 64, heads: 8, activation: gelu}",
            "p/x.yaml:1:65: transformer.activation is gelu; expected gelu-tanh, gelu-erf, relu, silu, tanh or sigmoid; did you mean \"gelu-tanh\"?"
        ),
        layer("{repeat: 0, layers: [relu]}", "p/x.yaml:1:27: repeat is 0; expected a whole number of at least 1"),
        layer(
            "{repeat: 10000, layers: [{repeat: 10000, layers: [relu]}]}",
            "p/x.yaml:1:27: more than 100000 layers; expected at most 100000"),
        layer("{repeat: 2}", "p/x.yaml:1:18: repeat lacks the key \"layers\"; expected layers"),
        layer("residual: []", "p/x.yaml:1:28: residual is an empty list; expected a list of layers"),
        layer("split: [64]", "p/x.yaml:1:25: split into one part; expected two widths or more"),
        layer(
            "reshape: [16777216, 16777216]",
            "p/x.yaml:1:38: reshape has too many elements; expected at most 1099511627776"),
        layer("[relu]", "p/x.yaml:1:18: a list inside the list of layers; expected one layer per entry"),
        layer("relu", "p/x.yaml:1:31: loss is mse; expected cross-entropy or mean-squared-error", loss: "mse"),
        layer(
            "relu",
            "p/x.yaml:4:14: data.text with the loss mean-squared-error; expected loss: cross-entropy for tokens",
            loss: "mean-squared-error"),
    ]

    private static let overrides: [Mistake] = [
        set("steps", message: "--set steps: no =; expected key.path=value"),
        set("steps=", message: "--set steps=: nothing behind the =; expected a value, or null for none"),
        set("=3", message: "--set =3: the key \"\"; expected key.path=value"),
        set(
            "stepz=3",
            message:
                "--set stepz=3: unknown key \"stepz\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, recompute, optimizer, learning_rate, clip, on_nan, deadlines, data, steps, seed, weights, log_every, events, sim or by_hand; did you mean \"steps\"?"
        ),
        set("batch.micro=x", message: "--set batch.micro=x: batch.micro is x; expected a whole number of at least 1"),
        set(
            "batch.mico=4",
            message:
                "--set batch.mico=4: unknown key \"mico\" in batch; expected micro, microbatches or global; did you mean \"micro\"?"
        ),
        set(
            "batch.micro=3", "batch.microbatches=2", "batch.global=7",
            message:
                "--set batch.global=7: batch.global is 7, but micro × microbatches is 3 × 2; expected their product, or one of the three left out; did you mean \"6\"?"
        ),
        set(
            "devices.2=cpu:1",
            message: "--set devices.2=cpu:1: \"2\" in the list devices; expected an index from 0 to 1"),
        set(
            "devices=[cpu:0",
            message:
                "--set devices=[cpu:0: not YAML: did not find expected ',' or ']' while parsing a flow sequence (line 1); expected a comma, or the closing bracket"
        ),
        set(
            "data.type=u16",
            message:
                "--set data.type=u16: data.type has no effect beside data.text; expected text, tokenizer, sequence and order only"
        ),
        set(
            "model.layers.2.linear.uot=4",
            message:
                "--set model.layers.2.linear.uot=4: unknown key \"uot\" in linear; expected in, out or bias; did you mean \"out\"?"
        ),
        set(
            "model=nowhere.yaml",
            message:
                "--set model=nowhere.yaml: cannot read nowhere.yaml: No such file or directory; expected a readable manifest"
        ),
        set(
            "clip=*x",
            message: "--set clip=*x: an alias (*); expected the value itself; in quotes, if it begins with a *"),
    ]
}
