import Layers
package import Models
package import Partitioning

extension ModelGraph {
    /// What people call its entries.
    package var names: LayerNames { LayerNames(entries.map(\.name)) }
}
