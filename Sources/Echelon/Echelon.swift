// The library people import: `import Echelon` brings the rooms that define layers, describe models and train.
@_exported public import Checkpoints
@_exported public import Dashboards
@_exported public import Datasets
@_exported public import Layers
@_exported public import Manifests
@_exported public import Models
@_exported public import Notation
@_exported public import Optimizers
@_exported public import Partitioning
@_exported public import Reports
@_exported public import Scheduling
@_exported public import Tensors
@_exported public import Transport
@_exported public import Workers
