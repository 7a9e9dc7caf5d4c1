import Foundation

/// One line of `evaluations.jsonl`: the loss on held-out data behind some step.
///
///     let evaluations = try RunDirectory("runs/demo").evaluations()
///     print(evaluations.map { ($0.step, $0.loss) }, evaluations.last { $0.isBest })
public struct EvaluationMetrics: Hashable, Sendable {
    /// Steps that were done before it: 0 is before training.
    public var step: Int
    /// Mean over all held-out targets, in nats.
    public var loss: Double
    /// e to the power of the loss.
    public var perplexity: Double { exp(loss) }
    /// Targets that the loss counts.
    public var tokens: Int
    /// Samples that hold them.
    public var samples: Int
    /// What it took, seconds.
    public var seconds: Double
    /// Whether no loss before was as low.
    public var isBest: Bool

    /// An evaluation's figures.
    public init(
        step: Int, loss: Double, tokens: Int = 0, samples: Int = 0, seconds: Double = 0, isBest: Bool = false
    ) {
        self.step = step
        self.loss = loss
        self.tokens = tokens
        self.samples = samples
        self.seconds = seconds
        self.isBest = isBest
    }

    /// The JSON object on one line, without a line end: fixed key order, numbers that read back to the same value. What is
    /// no number is null, and `loss_text` or `perplexity_text` says which.
    public func line() -> String {
        let values: [(String, StepMetrics.Value)] = [
            ("step", .whole(step)), ("loss", .number(loss)), ("perplexity", .number(perplexity)),
            ("tokens", .whole(tokens)), ("samples", .whole(samples)), ("seconds", .number(seconds)),
            ("best", .flag(isBest)),
        ]
        return "{" + values.flatMap { StepMetrics.json($0, $1) }.joined(separator: ",") + "}"
    }

    /// - Returns: nil for a line that is no evaluation, or one whose loss was no number.
    package init?(line: some Collection<UInt8>) {
        guard let read = try? JSONDecoder().decode(EvaluationMetrics.self, from: Data(line)), read.loss.isFinite else {
            return nil
        }
        self = read
    }

    private static let lineLimit = 1 << 16

    /// Reads a line back.
    public init(line: String) throws {
        guard line.utf8.count <= Self.lineLimit else {
            throw RunError.malformed(
                file: "evaluation line", expected: "at most \(Self.lineLimit) bytes", got: "\(line.utf8.count)")
        }
        do {
            self = try JSONDecoder().decode(EvaluationMetrics.self, from: Data(line.utf8))
        } catch let error as DecodingError {
            throw RunError.malformed(file: "evaluation line", expected: "an evaluation's figures", got: error.summary)
        }
    }
}

extension EvaluationMetrics: Decodable {
    private enum CodingKeys: String, CodingKey {
        case step, loss, tokens, samples, seconds
        case lossText = "loss_text"
        case isBest = "best"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let text = try values.decodeIfPresent(String.self, forKey: .lossText).flatMap(Double.init)
        self.init(
            step: try values.decode(Int.self, forKey: .step),
            loss: try values.decodeIfPresent(Double.self, forKey: .loss) ?? text ?? .nan,
            tokens: try values.decode(Int.self, forKey: .tokens),
            samples: try values.decode(Int.self, forKey: .samples),
            seconds: try values.decode(Double.self, forKey: .seconds),
            isBest: try values.decode(Bool.self, forKey: .isBest))
    }
}
