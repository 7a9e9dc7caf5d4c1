import Foundation

/// One line of `metrics.jsonl` and of `train --json`.
///
///     let lines = try String(contentsOfFile: directory.metricsPath, encoding: .utf8).split(separator: "\n")
///     let steps = try lines.map { try StepMetrics(line: String($0)) }
///     print(steps.map { $0.loss ?? .nan })
public struct StepMetrics: Hashable, Sendable {
    /// The step that has finished, counted from 1.
    public var step: Int
    /// The mini-batch's true loss; nil where the devices are simulated.
    public var loss: Double?
    /// Learning rate of the step's update.
    public var lr: Double
    /// Before clipping; nil where it is not computed.
    public var gradNorm: Double?
    /// Tokens (or samples) of the step's global batch; without padding, where samples differ in length.
    public var tokens: Int
    /// `tokens` ÷ `stepS`.
    public var tokensPerS: Double
    /// Seconds from when the last rank ended the previous step to when the last rank ended this one; for the first
    /// step, from
    /// when the first rank began.
    public var stepS: Double
    /// Idle over wall of all ranks; nil while it is not known.
    public var bubbleFraction: Double?
    /// nil without a loss scaler.
    public var lossScale: Double?
    /// A gradient overflowed: the parameters did not move.
    public var isSkipped: Bool
    /// Indexed by rank.
    public var peakBytes: [Int]
    /// Which share of the computed positions was padding; nil where samples have one length.
    public var padding: Double?

    /// Metrics of a step that moved the parameters, without a loss scaler, unless told.
    public init(
        step: Int, loss: Double?, lr: Double, gradNorm: Double?, tokens: Int, tokensPerS: Double, stepS: Double,
        bubbleFraction: Double?, lossScale: Double? = nil, isSkipped: Bool = false,
        peakBytes: [Int] = [], padding: Double? = nil
    ) {
        self.step = step
        self.loss = loss
        self.lr = lr
        self.gradNorm = gradNorm
        self.tokens = tokens
        self.tokensPerS = tokensPerS
        self.stepS = stepS
        self.bubbleFraction = bubbleFraction
        self.lossScale = lossScale
        self.isSkipped = isSkipped
        self.peakBytes = peakBytes
        self.padding = padding
    }

    /// What a step's line holds, in the order of its keys: the same for every form.
    package enum Value {
        case number(Double?)
        case whole(Int)
        case flag(Bool)
        case list([Int])
    }

    package var values: [(key: String, value: Value)] {
        [
            ("step", .whole(step)), ("loss", .number(loss)), ("lr", .number(lr)), ("grad_norm", .number(gradNorm)),
            ("tokens", .whole(tokens)), ("tokens_per_s", .number(tokensPerS)), ("step_s", .number(stepS)),
            ("bubble_fraction", .number(bubbleFraction)), ("loss_scale", .number(lossScale)),
            ("skipped", .flag(isSkipped)), ("peak_bytes", .list(peakBytes)),
        ] + (padding == nil ? [] : [("padding", .number(padding))])
    }

    /// The JSON object on one line, without a line end: fixed key order, numbers that read back to the same value.
    ///
    /// A loss or gradient norm that is no number is null, and `loss_text` or `grad_norm_text` says which: `nan`, `inf`,
    /// `-inf`.
    public func line() -> String {
        "{" + values.flatMap { Self.json($0.key, $0.value) }.joined(separator: ",") + "}"
    }

    static func json(_ key: String, _ value: Value) -> [String] {
        switch value {
        case .whole(let value): ["\"\(key)\":\(value)"]
        case .flag(let value): ["\"\(key)\":\(value)"]
        case .list(let values): ["\"\(key)\":[" + values.map(String.init).joined(separator: ",") + "]"]
        case .number(nil): ["\"\(key)\":null"]
        case .number(let value?) where value.isFinite: ["\"\(key)\":\(value)"]
        case .number(let value?): ["\"\(key)\":null", "\"\(key)_text\":\"\(value.isNaN ? "nan" : "\(value)")\""]
        }
    }

    /// Thousands of ranks have some 20 bytes each in a line.
    private static let lineLimit = 1 << 20

    /// Reads a line back.
    public init(line: String) throws {
        guard line.utf8.count <= Self.lineLimit else {
            throw RunError.malformed(
                file: "metrics line", expected: "at most \(Self.lineLimit) bytes", got: "\(line.utf8.count)")
        }
        do {
            self = try JSONDecoder().decode(StepMetrics.self, from: Data(line.utf8))
        } catch let error as DecodingError {
            throw RunError.malformed(file: "metrics line", expected: "a step's metrics", got: error.summary)
        }
    }
}

extension StepMetrics: Codable {
    enum CodingKeys: String, CodingKey {
        case step, loss, lr, tokens, padding
        case gradNorm = "grad_norm"
        case tokensPerS = "tokens_per_s"
        case stepS = "step_s"
        case bubbleFraction = "bubble_fraction"
        case lossScale = "loss_scale"
        case isSkipped = "skipped"
        case peakBytes = "peak_bytes"
    }

    /// `loss_text` and its like: the value of a number that JSON cannot hold.
    private struct TextKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ key: CodingKeys) { stringValue = key.stringValue + "_text" }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let texts = try decoder.container(keyedBy: TextKey.self)
        func number(_ key: CodingKeys) throws -> Double? {
            if let value = try values.decodeIfPresent(Double.self, forKey: key) { return value }
            return try texts.decodeIfPresent(String.self, forKey: TextKey(key)).flatMap(Double.init)
        }
        self.init(
            step: try values.decode(Int.self, forKey: .step), loss: try number(.loss),
            lr: try number(.lr) ?? .nan, gradNorm: try number(.gradNorm),
            tokens: try values.decode(Int.self, forKey: .tokens), tokensPerS: try number(.tokensPerS) ?? .nan,
            stepS: try number(.stepS) ?? .nan, bubbleFraction: try number(.bubbleFraction),
            lossScale: try number(.lossScale),
            isSkipped: try values.decodeIfPresent(Bool.self, forKey: .isSkipped) ?? false,
            peakBytes: try values.decode([Int].self, forKey: .peakBytes),
            padding: try values.decodeIfPresent(Double.self, forKey: .padding))
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        var texts = encoder.container(keyedBy: TextKey.self)
        func encode(_ value: Double?, _ key: CodingKeys) throws {
            try values.encode(value.flatMap { $0.isFinite ? $0 : nil }, forKey: key)
            guard let value, !value.isFinite else { return }
            try texts.encode(value.isNaN ? "nan" : "\(value)", forKey: TextKey(key))
        }
        try values.encode(step, forKey: .step)
        try encode(loss, .loss)
        try encode(lr, .lr)
        try encode(gradNorm, .gradNorm)
        try values.encode(tokens, forKey: .tokens)
        try encode(tokensPerS, .tokensPerS)
        try encode(stepS, .stepS)
        try encode(bubbleFraction, .bubbleFraction)
        try encode(lossScale, .lossScale)
        try values.encode(isSkipped, forKey: .isSkipped)
        try values.encode(peakBytes, forKey: .peakBytes)
        try values.encodeIfPresent(padding, forKey: .padding)
    }
}
