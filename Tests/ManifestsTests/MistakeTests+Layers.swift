import Models

extension MistakeTests {
    private static func layer(_ text: String, _ message: String, loss: String = "cross-entropy") -> Mistake {
        Mistake(yaml: Pipelines.yaml(["model": "{layers: [\(text)], loss: \(loss)}"]), message: message)
    }

    /// In the model's list.
    static let layers: [Mistake] = [
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

    /// In `--set`.
    static let overrides: [Mistake] = [
        set("steps", message: "--set steps: no =; expected key.path=value"),
        set("steps=", message: "--set steps=: nothing behind the =; expected a value, or null for none"),
        set("=3", message: "--set =3: the key \"\"; expected key.path=value"),
        set(
            "stepz=3",
            message:
                "--set stepz=3: unknown key \"stepz\"; expected name, model, devices, memory, partition, schedule, virtual, batch, precision, products, recompute, optimizer, train, lora, groups, learning_rate, clip, on_nan, deadlines, data, evaluate, steps, seed, weights, log_every, events, metrics, sim, by_hand, checkpoint, restart, mirror, spares, elastic, recut, replicas, lanes, zero, tensor, links, compress or speculate; did you mean \"steps\"?"
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
