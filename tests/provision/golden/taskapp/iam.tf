data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

locals {
  dynamodb = "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"
}

resource "aws_iam_policy" "table" {
  name_prefix = "table-"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadItems"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"]
        Resource = ["${local.dynamodb}:table/projectmanagement"]
      },
      {
        Sid    = "WriteItems"
        Effect = "Allow"
        Action = [
          "dynamodb:BatchWriteItem",
          "dynamodb:ConditionCheckItem",
          "dynamodb:DeleteItem",
          "dynamodb:PutItem",
          "dynamodb:UpdateItem",
        ]
        Resource = ["${local.dynamodb}:table/projectmanagement"]
      },
      {
        Sid      = "ScanTable"
        Effect   = "Allow"
        Action   = ["dynamodb:Scan"]
        Resource = ["${local.dynamodb}:table/projectmanagement"]
      },
      {
        Sid    = "QueryIndexes"
        Effect = "Allow"
        Action = ["dynamodb:Query"]
        Resource = [
          "${local.dynamodb}:table/projectmanagement/index/gsi2",
          "${local.dynamodb}:table/projectmanagement/index/gsi3",
        ]
      },
    ]
  })
}

resource "aws_iam_role" "function" {
  name_prefix = "function-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "lambda.amazonaws.com"
        }
        Action = "sts:AssumeRole"
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.function.name
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy_attachment" "table" {
  role       = aws_iam_role.function.name
  policy_arn = aws_iam_policy.table.arn
}
