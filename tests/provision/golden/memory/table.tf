# Point-in-time recovery and deletion protection are on, since table.yaml does not say (--dev leaves
# them off). The provider is awscc, since aws_dynamodb_table has no vector indexes, and no indexes
# whose key has several attributes.

resource "awscc_dynamodb_table" "table" {
  table_name   = "mastra-single-table"
  billing_mode = "PAY_PER_REQUEST"
  attribute_definitions = [
    {
      attribute_name = "pk"
      attribute_type = "S"
    },
    {
      attribute_name = "sk"
      attribute_type = "S"
    },
    {
      attribute_name = "gsi1pk"
      attribute_type = "S"
    },
    {
      attribute_name = "gsi1sk"
      attribute_type = "S"
    },
    {
      attribute_name = "gsi2pk"
      attribute_type = "S"
    },
    {
      attribute_name = "gsi2sk"
      attribute_type = "S"
    },
    {
      attribute_name = "gsi3pk"
      attribute_type = "S"
    },
    {
      attribute_name = "gsi3sk"
      attribute_type = "S"
    },
    {
      attribute_name = "gsi4pk"
      attribute_type = "S"
    },
    {
      attribute_name = "gsi4sk"
      attribute_type = "S"
    },
    {
      attribute_name = "gsi5pk"
      attribute_type = "S"
    },
    {
      attribute_name = "gsi5sk"
      attribute_type = "S"
    },
    {
      attribute_name = "gsi6pk"
      attribute_type = "S"
    },
    {
      attribute_name = "gsi6sk"
      attribute_type = "S"
    },
    {
      attribute_name = "gsi7pk"
      attribute_type = "S"
    },
    {
      attribute_name = "gsi7sk"
      attribute_type = "S"
    },
    {
      attribute_name = "resource_id"
      attribute_type = "S"
    },
    {
      attribute_name = "thread_id"
      attribute_type = "S"
    },
    {
      attribute_name = "message_role"
      attribute_type = "S"
    },
    {
      attribute_name = "__edb_e__"
      attribute_type = "S"
    },
    {
      attribute_name = "__edb_v__"
      attribute_type = "S"
    },
  ]
  key_schema = jsonencode([
    {
      AttributeName = "pk"
      KeyType       = "HASH"
    },
    {
      AttributeName = "sk"
      KeyType       = "RANGE"
    },
  ])
  global_secondary_indexes = [
    {
      index_name = "gsi1"
      key_schema = [
        {
          attribute_name = "gsi1pk"
          key_type       = "HASH"
        },
        {
          attribute_name = "gsi1sk"
          key_type       = "RANGE"
        },
      ]
      projection = {
        projection_type = "ALL"
      }
    },
    {
      index_name = "gsi2"
      key_schema = [
        {
          attribute_name = "gsi2pk"
          key_type       = "HASH"
        },
        {
          attribute_name = "gsi2sk"
          key_type       = "RANGE"
        },
      ]
      projection = {
        projection_type = "ALL"
      }
    },
    {
      index_name = "gsi3"
      key_schema = [
        {
          attribute_name = "gsi3pk"
          key_type       = "HASH"
        },
        {
          attribute_name = "gsi3sk"
          key_type       = "RANGE"
        },
      ]
      projection = {
        projection_type = "ALL"
      }
    },
    {
      index_name = "gsi4"
      key_schema = [
        {
          attribute_name = "gsi4pk"
          key_type       = "HASH"
        },
        {
          attribute_name = "gsi4sk"
          key_type       = "RANGE"
        },
      ]
      projection = {
        projection_type = "ALL"
      }
    },
    {
      index_name = "gsi5"
      key_schema = [
        {
          attribute_name = "gsi5pk"
          key_type       = "HASH"
        },
        {
          attribute_name = "gsi5sk"
          key_type       = "RANGE"
        },
      ]
      projection = {
        projection_type = "ALL"
      }
    },
    {
      index_name = "gsi6"
      key_schema = [
        {
          attribute_name = "gsi6pk"
          key_type       = "HASH"
        },
        {
          attribute_name = "gsi6sk"
          key_type       = "RANGE"
        },
      ]
      projection = {
        projection_type = "ALL"
      }
    },
    {
      index_name = "gsi7"
      key_schema = [
        {
          attribute_name = "gsi7pk"
          key_type       = "HASH"
        },
        {
          attribute_name = "gsi7sk"
          key_type       = "RANGE"
        },
      ]
      projection = {
        projection_type = "ALL"
      }
    },
  ]
  vector_indexes = [
    {
      index_name = "memory_messages_256"
      vector_attribute = {
        attribute_name = "vector_256"
      }
      dimensions        = 256
      distance_function = "COSINE"
      search_schema = [
        {
          attribute_name             = "resource_id"
          search_schema_element_type = "HASH"
        },
        {
          attribute_name             = "thread_id"
          search_schema_element_type = "INLINE_FILTER"
        },
        {
          attribute_name             = "message_role"
          search_schema_element_type = "INLINE_FILTER"
        },
        {
          attribute_name             = "__edb_e__"
          search_schema_element_type = "INLINE_FILTER"
        },
        {
          attribute_name             = "__edb_v__"
          search_schema_element_type = "INLINE_FILTER"
        },
      ]
      projection = {
        projection_type    = "INCLUDE"
        non_key_attributes = ["message_id", "chunk", "message_time"]
      }
    },
  ]
  deletion_protection_enabled = true
  time_to_live_specification = {
    attribute_name = "ttl"
    enabled        = true
  }
  point_in_time_recovery_specification = {
    point_in_time_recovery_enabled = true
  }

  lifecycle {
    prevent_destroy = true
  }
}
