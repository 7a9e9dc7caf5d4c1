import Generation
import Planning
import Runs
import Systems
import TestPlans
import Testing

/// Which runs `generate` goes on from, and which it refuses.
@Suite struct GeneratorTests {
    private static let rows = """
        {layers: [{linear: {in: 4, out: 2}}, relu, {linear: {in: 2, out: 2}}], loss: mean-squared-error}
        """
    private static let wide = Plans.gpt.replacing("256", with: "300")
    private static let text = ["data={text: x.txt, sequence: 4}"]

    @Test func `a model of bytes that was trained on text writes text`() throws {
        #expect(try Plans.make(set: Self.text).obstacleToText == nil)
    }

    @Test func `other models do not, and the reason is told`() throws {
        let rows = "data={rows: x, inputs: 4, targets: 2}"
        #expect(try Plans.make(model: Self.rows, set: [rows]).obstacleToText == "it was trained on rows of numbers")
        #expect(try Plans.make().obstacleToText == "it was trained on random tokens")
        #expect(
            try Plans.make(set: ["data={tokens: x, sequence: 4}"]).obstacleToText?.hasPrefix(
                "it was trained on a token file") == true)
        #expect(
            try Plans.make(devices: "[sim:0, sim:1]", set: Self.text).obstacleToText
                == "its devices were simulated, so it learnt nothing")
        #expect(
            try Plans.make(model: Self.wide, set: Self.text).obstacleToText
                == "its vocabulary is 300, expected the 256 bytes")
    }
}
